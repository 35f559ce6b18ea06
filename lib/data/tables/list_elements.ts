import { joinedBytes } from "../../base/joined_bytes.ts";
import { markedEncoding } from "../../base/files/encodings.ts";
import { LONGEST_LINE } from "../beir/read_lines.ts";

/** Bytes that mean something in JSON. */
const QUOTE = 0x22;
const BACKSLASH = 0x5C;
const COMMA = 0x2C;
const OPEN_LIST = 0x5B;
const CLOSE_LIST = 0x5D;
const OPEN = 0x7B;
const CLOSE = 0x7D;

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0A || byte === 0x0D || byte === 0x09;
}

/** What may come next outside of an object. */
type Place = "list" | "first" | "element" | "comma" | "end";

const EXPECTED: Record<Place, string> = {
  list: "it must be a list of objects",
  first: "it must be a list of objects: got something else in it",
  element: "it must be a list of objects: got something else in it",
  comma: "a comma or the end of the list must come after each object",
  end: "something follows the list",
};

/**
 * The objects of a JSON list, each as the bytes that it is written in, so that a
 * list may be larger than memory. Only where objects begin and end is looked at:
 * the rest is for the parser of each.
 *
 * @throws {Error} If it is no list of objects, or cut off; the message is the
 * reason.
 */
export async function* listElements(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const scan = new Scan();
  for await (const chunk of chunks) yield* scan.objects(chunk);
  scan.finish();
}

class Scan {
  #place: Place = "list";
  /** Objects and lists that are open within an element. */
  #depth = 0;
  #inText = false;
  #escaped = false;
  /** What earlier chunks have of the object that is open. */
  #parts: Uint8Array[] = [];
  #size = 0;
  #count = 0;

  *objects(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    // A byte order mark; the first chunk holds it whole.
    const mark = this.#place === "list" && markedEncoding(chunk) ? 3 : 0;
    for (let at = mark; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#depth === 0) {
        if (byte === OPEN) start = at;
        this.#outside(byte);
      } else if (this.#within(byte)) {
        this.#parts.push(chunk.subarray(start, at + 1));
        yield joinedBytes(this.#parts);
        this.#parts = [];
        this.#size = 0;
        this.#count++;
      }
    }
    if (this.#depth > 0) this.#keep(chunk.slice(start));
  }

  finish(): void {
    if (this.#place === "end") return;
    if (this.#place === "list") throw new Error(EXPECTED.list);
    throw new Error(`it ends within object ${this.#count + 1} of the list`);
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size > LONGEST_LINE) {
      throw new Error(
        `object ${
          this.#count + 1
        } of the list is longer than ${LONGEST_LINE} bytes`,
      );
    }
  }

  /** A byte between objects. */
  #outside(byte: number): void {
    if (isBlank(byte)) return;
    const place = this.#place;
    const opens = place === "first" || place === "element";
    if (place === "list" && byte === OPEN_LIST) this.#place = "first";
    else if (opens && byte === OPEN) {
      this.#depth = 1;
      this.#place = "comma";
    } else if (place === "comma" && byte === COMMA) this.#place = "element";
    else if ((place === "comma" || place === "first") && byte === CLOSE_LIST) {
      this.#place = "end";
    } else throw new Error(EXPECTED[place]);
  }

  /** A byte of an object; says whether it is the last. */
  #within(byte: number): boolean {
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inText = false;
      return false;
    }
    if (byte === QUOTE) this.#inText = true;
    else if (byte === OPEN || byte === OPEN_LIST) this.#depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) this.#depth--;
    return this.#depth === 0;
  }
}

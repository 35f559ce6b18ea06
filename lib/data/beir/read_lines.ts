import { joinedBytes } from "../../base/joined_bytes.ts";
import { CONVERT, notUtf8, toUtf8 } from "../../base/files/encodings.ts";
import { unpackedBytes } from "../../base/files/unpacked.ts";

/** One line of a text file. */
export interface Line {
  /** Number of the line, from 1; blank lines count. */
  number: number;
  /** The line without its line end. */
  text: string;
}

const NEWLINE = 10;
/**
 * Longer lines are refused: a gzipped file of a megabyte may hold one of a
 * gigabyte, and the longest text that anybody searches has a few megabytes.
 */
export const LONGEST_LINE = 1 << 25;
const BOM = "\uFEFF";

/** Options of {@linkcode readLines}. */
export interface ReadLinesOptions {
  /** Encoding of the file, a label that `TextDecoder` knows. @default {"utf-8"} */
  encoding?: string;
  /** What to do if the file isn't in this encoding. */
  mend?: string;
}

/**
 * Reads the lines of a text file, plain, gzipped or zstd.
 * Lines end at LF or CR LF and nowhere else, so U+2028 and its like stay in
 * the text. A line has at most 32 MiB. Decoding is strict and line by line: a replaced byte could make
 * two ids one, and the error can name its line.
 */
export async function* readLines(
  path: string,
  { encoding, mend = CONVERT }: ReadLinesOptions = {},
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const bytes = unpackedBytes(path);
  const utf8 = encoding ? toUtf8(bytes, encoding, path) : bytes;
  let number = 0;
  for await (const bytes of splitLines(utf8, path)) {
    number++;
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw notUtf8(bytes, { where: `${path}:${number}`, mend });
    }
    if (number === 1 && text.startsWith(BOM)) text = text.slice(1);
    if (text.endsWith("\r")) text = text.slice(0, -1);
    yield { number, text };
  }
}

/** Cuts a stream of bytes at each LF; a last line without LF counts. */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of chunks) {
    let start = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end >= 0;
      end = chunk.indexOf(NEWLINE, start)
    ) {
      const tail = chunk.subarray(start, end);
      yield rest.length > 0 ? joinedBytes([...rest, tail]) : tail;
      rest = [];
      length = 0;
      number++;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    rest.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE) {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the line: it is longer than ${LONGEST_LINE} bytes; is this a file of lines?`,
      );
    }
  }
  if (rest.length > 0) yield joinedBytes(rest);
}

import { checkIsFile } from "./open_file.ts";
import { CONVERT, notUtf8 } from "./encodings.ts";

/** Options of {@linkcode readText}. */
export interface ReadTextOptions {
  /**
   * Whether the file may break off within a character, as a log does after a
   * crash; what there is of that character is left out. @default {false}
   */
  torn?: boolean;
  /** What to do with a file that isn't UTF-8. @default {"convert the file to UTF-8"} */
  mend?: string;
  /** Bytes that the file may have. @default {2^29 - 24, JavaScript's longest text} */
  most?: number;
}

/** Characters of the longest text that the engine has. */
export const LONGEST_TEXT = 2 ** 29 - 24;

/**
 * Content of a text file; `undefined` if there is no such file. A byte order mark
 * stays.
 *
 * @throws {SyntaxError} If it isn't UTF-8; the message begins with `path:line`.
 * @throws {RangeError} If it is larger than a text can be.
 */
export async function readTextIfThere(
  path: string,
  { torn = false, mend = CONVERT, most = LONGEST_TEXT }: ReadTextOptions = {},
): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    const { size } = await checkIsFile(path);
    if (size > most) throw tooLarge(path, most);
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return strictText(bytes, path, { torn, mend });
}

/**
 * The text of a file's bytes. A byte order mark stays.
 *
 * @throws {SyntaxError} If they aren't UTF-8; the message begins with `path:line`.
 */
export function strictText(
  bytes: Uint8Array,
  path: string,
  { torn = false, mend = CONVERT }: Omit<ReadTextOptions, "most"> = {},
): string {
  try {
    // In a stream the rest of the last character could follow.
    return strictDecoder().decode(bytes, { stream: torn });
  } catch {
    const { line, number } = firstBadLine(bytes);
    throw notUtf8(line, { where: `${path}:${number}`, what: "file", mend });
  }
}

/**
 * Content of a text file.
 *
 * @param path The file.
 * @param complaint What to say if there is no such file.
 * @param options Whether it may break off.
 * @throws {Deno.errors.NotFound} With the complaint.
 * @throws {SyntaxError} If it isn't UTF-8; the message begins with `path:line`.
 * @throws {RangeError} If it is larger than a text can be.
 */
export async function readText(
  path: string,
  complaint: string,
  options: ReadTextOptions = {},
): Promise<string> {
  const text = await readTextIfThere(path, options);
  if (text === undefined) throw new Deno.errors.NotFound(complaint);
  return text;
}

function strictDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

/** The first line that isn't UTF-8, of bytes that aren't. */
function firstBadLine(bytes: Uint8Array): { line: Uint8Array; number: number } {
  const decoder = strictDecoder();
  for (let start = 0, number = 1;; number++) {
    const end = bytes.indexOf(10, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    try {
      decoder.decode(line);
    } catch {
      return { line, number };
    }
    // No character has a line end within it, so one of the lines is bad.
    if (end < 0) return { line, number };
    start = end + 1;
  }
}

/** The fault of a file that is larger than a text can be. */
export function tooLarge(path: string, most: number): RangeError {
  return new RangeError(
    `Cannot read ${path}: a file that is read at once may have ${
      Math.floor(most / 2 ** 20)
    } MiB; cut it into smaller ones`,
  );
}

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

/**
 * Reads the lines of a UTF-8 file, plain or (name ends in `.gz`) gzipped.
 * Lines end at LF or CR LF and nowhere else, so U+2028 and its like stay in
 * the text. A line has at most 32 MiB. Decoding is strict and line by line: a replaced byte could make
 * two ids one, and the error can name its line.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  for await (const bytes of splitLines(openBytes(path), path)) {
    number++;
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the line: it isn't UTF-8; convert the file to UTF-8`,
      );
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
      yield rest.length > 0 ? concatenate([...rest, tail]) : tail;
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
  if (rest.length > 0) yield concatenate(rest);
}

/** Bytes of a file, unzipped if its name says so; closes it in any case. */
async function* openBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await openFile(path);
  const stream: ReadableStream<Uint8Array> = path.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  try {
    yield* stream;
  } catch (error) {
    // The decompressor reports damage as a TypeError.
    if (!(error instanceof TypeError)) throw error;
    throw new SyntaxError(
      `Cannot unzip ${path}: ${error.message}; is the file whole, and gzip?`,
    );
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(path);
    if ((await file.stat()).isFile) return file;
    file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: there is no such file`,
    );
  }
  throw new RangeError(`Cannot read ${path}: it isn't a file`);
}

function concatenate(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

import { writeWhole } from "../../base/files/write_whole.ts";
import { vectorFileHeader } from "./vector_file.ts";

/** Texts of a window, as `encodeToFile()` has them by default. */
const WINDOW = 8192;

/** Which texts go to a part. */
export interface TextPartOptions {
  /** Which part, from 0. */
  index: number;
  /** How many parts there are. */
  count: number;
  /** Texts that are encoded together, as in `encodeToFile()`. @default {8192} */
  windowTexts?: number;
}

/**
 * The texts of one part of several: every so many-th window, so that nobody need know
 * how many texts there are, and each window is encoded as in one go. Give them to
 * `encodeToFile()`, with the same `windowTexts`; {@linkcode mergeVectorFiles} puts the
 * files together.
 *
 * @param texts All texts.
 * @param options Which part.
 * @returns The part's texts, in order.
 * @throws {RangeError} If there is no such part.
 *
 * @example Usage
 * ```ts
 * import { textPart } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const part = { index: 1, count: 2, windowTexts: 2 };
 * assert.deepEqual(await Array.fromAsync(textPart("abcdefgh", part)), ["c", "d", "g", "h"]);
 * ```
 */
export async function* textPart(
  texts: Iterable<string> | AsyncIterable<string>,
  { index, count, windowTexts = WINDOW }: TextPartOptions,
): AsyncGenerator<string> {
  if (!(Number.isInteger(index) && 0 <= index && index < count)) {
    throw new RangeError(
      `Cannot take a part of the texts: index must be an integer from 0 to ${
        count - 1
      }: got ${index}`,
    );
  }
  let at = 0;
  for await (const text of texts) {
    if (Math.floor(at++ / windowTexts) % count === index) yield text;
  }
}

/** A part's file, open. */
interface PartFile {
  file: Deno.FsFile;
  rows: number;
  dimension: number;
}

/**
 * Puts together what `encodeToFile()` wrote of all parts of the texts: the same bytes
 * as of all texts in one go.
 *
 * @param parts The files, in the order of the parts; all end as `path` does.
 * @param path File to write.
 * @param options Texts that were encoded together.
 * @returns How many vectors there are, and how long each is.
 * @throws {RangeError} If files aren't all parts of the same texts.
 */
export async function mergeVectorFiles(
  parts: readonly string[],
  path: string,
  { windowTexts = WINDOW }: Pick<TextPartOptions, "windowTexts"> = {},
): Promise<{ count: number; dimension: number }> {
  const start = vectorFileHeader(path, [0, 0]).length;
  const opened: PartFile[] = [];
  try {
    for (const part of parts) opened.push(await openPart(part, start));
    const count = opened.reduce((sum, { rows }) => sum + rows, 0);
    const dimension = opened[0]?.dimension ?? 0;
    opened.forEach((part, i) => {
      const wanted = rowsOfPart(count, {
        index: i,
        count: parts.length,
        windowTexts,
      });
      if (part.dimension === dimension && part.rows === wanted) return;
      throw new RangeError(
        `Cannot merge vectors: ${
          parts[i]
        } must have ${wanted} vectors of ${dimension} numbers: got ${part.rows} of ${part.dimension}; name all parts in their order, and the windowTexts that they were encoded with`,
      );
    });
    await writeWhole(
      path,
      merged(opened, {
        header: vectorFileHeader(path, [count, dimension]),
        windowBytes: 4 * dimension * windowTexts,
        windows: Math.ceil(count / windowTexts),
      }),
    );
    return { count, dimension };
  } finally {
    for (const { file } of opened) file.close();
  }
}

/** How many of all texts a part has. */
function rowsOfPart(
  total: number,
  { index, count, windowTexts }: Required<TextPartOptions>,
): number {
  const round = count * windowTexts;
  const rest = total % round - index * windowTexts;
  return Math.floor(total / round) * windowTexts +
    Math.min(windowTexts, Math.max(0, rest));
}

/** Opens a part behind its header. */
async function openPart(path: string, start: number): Promise<PartFile> {
  const file = await Deno.open(path);
  try {
    const header = new Uint8Array(start);
    await file.read(header);
    const [, rows, dimension] = /'?shape'?"?: ?[([](\d+), ?(\d+)[)\]]/.exec(
      new TextDecoder("latin1").decode(header),
    )?.map(Number) ?? [];
    const { size } = await file.stat();
    if (rows !== undefined && size === start + 4 * rows * dimension!) {
      return { file, rows, dimension: dimension! };
    }
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  throw new RangeError(
    `Cannot merge vectors: ${path} must be a file that encodeToFile() wrote`,
  );
}

/** The header, then a window of each part in turn. */
async function* merged(
  parts: readonly PartFile[],
  { header, windowBytes, windows }: {
    header: Uint8Array;
    windowBytes: number;
    windows: number;
  },
): AsyncGenerator<Uint8Array> {
  yield header;
  for (let window = 0; window < windows; window++) {
    const { file } = parts[window % parts.length]!;
    const bytes = new Uint8Array(windowBytes);
    let read = 0;
    while (read < windowBytes) {
      const more = await file.read(bytes.subarray(read));
      if (more === null) break; // the last window
      read += more;
    }
    yield bytes.subarray(0, read);
  }
}

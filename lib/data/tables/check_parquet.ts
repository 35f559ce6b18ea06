import type { AsyncBuffer, FileMetaData } from "hyparquet";
import {
  type Chunk,
  countOf,
  fail,
  isRepeated,
  levelBits,
  type Page,
  pagesOf,
  partsOf,
  unpack,
} from "./parquet_pages.ts";
import { type ThriftStruct, walkThrift } from "./thrift.ts";

// The library that decodes parquet believes what the file says: a changed byte
// in a run's length makes it write 2^30 values, one in a count a list of 2^31.
// These checks come first, and let through what can be decoded in the file's
// size. They know the layout of pages, not what the values mean.

/** Rows and values that any file may have. */
const FEW = 100_000;
/** Values a byte of the file: numbers in a row and their like take next to nothing. */
const VALUES_PER_BYTE = 64;
/** Bytes that a column of a row group may unpack to in any case. */
const UNPACKED = 1 << 26;
/** How many times its size a column may unpack to beyond that. */
const UNPACKED_PER_BYTE = 100;

/**
 * Checks the metadata at the end of a file, before it's read in earnest.
 *
 * @throws {Error} If it is damaged; the message has no file's name.
 */
export async function checkFooter(file: AsyncBuffer): Promise<void> {
  const size = file.byteLength;
  if (size < 12) fail("the file is too short");
  const tail = new DataView(await file.slice(size - 8, size));
  const length = tail.getUint32(0, true);
  if (tail.getUint32(4, true) !== 0x31524150) fail("it doesn't end in PAR1");
  if (length > size - 12) fail("its metadata is longer than the file");
  const footer = await file.slice(size - 8 - length, size - 8);
  walkThrift(new Uint8Array(footer));
}

/**
 * Checks how many rows the metadata promise.
 *
 * @throws {Error} If they are more than a file of this size can hold.
 */
export function checkRows({ row_groups: groups }: FileMetaData, size: number) {
  const most = FEW + VALUES_PER_BYTE * size;
  let total = 0;
  for (const { num_rows } of groups) {
    const rows = Number(num_rows);
    if (!(rows >= 0)) fail("a row group lacks its count of rows");
    total += rows;
  }
  if (total > most) fail(`${total} rows can't be in ${size} bytes`);
}

/**
 * Checks the pages of a column.
 *
 * @throws {Error} If a count or length in them can't be; the message has no file's name.
 */
export function checkChunk(chunk: Chunk): void {
  const { bytes, path, rows } = chunk;
  const repeated = path.some(isRepeated);
  const most = repeated ? FEW + VALUES_PER_BYTE * bytes.length : rows;
  let values = 0;
  let unpacked = 0;
  for (const page of pagesOf(chunk)) {
    unpacked += page.size;
    if (unpacked > UNPACKED + UNPACKED_PER_BYTE * bytes.length) {
      fail(`${bytes.length} bytes of a column unpack to ${unpacked} or more`);
    }
    if (page.kind === "dictionary") {
      // Each takes at least a byte, flags aside, of which none has a dictionary.
      if (page.count > page.size) fail("a dictionary ends too early");
      continue;
    }
    values += page.count;
    if (values > most) fail(`a column has more than ${most} values`);
    if (page.kind === "data") checkPage(page, chunk);
    else checkPage2(page, chunk);
  }
}

function checkPage(page: Page, chunk: Chunk): void {
  const { count, head } = page;
  const { repetition, definition } = levelBits(chunk.path);
  const { repetitions, definitions, values } = partsOf(
    unpack(page, chunk),
    chunk.path,
  );
  if (repetition > 0) checkRuns(repetitions, { width: repetition, count });
  if (definition > 0) checkRuns(definitions, { width: definition, count });
  checkValues(values, { head, chunk, encodingField: 2 });
}

/** A page of the second version: levels stand before it, unpacked. */
function checkPage2(page: Page, chunk: Chunk): void {
  const { count, head } = page;
  if (countOf(head.numbers, 2) > count) {
    fail("a page has more nulls than values");
  }
  const definitions = countOf(head.numbers, 5);
  const repetitions = countOf(head.numbers, 6);
  const levels = definitions + repetitions;
  const { packed } = page;
  if (levels > packed.length || levels > page.size) fail("a page is cut off");
  const { repetition, definition } = levelBits(chunk.path);
  if (repetition > 0) {
    const bytes = packed.subarray(0, repetitions);
    checkRuns(bytes, { width: repetition, count });
  }
  if (definition > 0) {
    const bytes = packed.subarray(repetitions, levels);
    checkRuns(bytes, { width: definition, count });
  }
  const rest = { packed: packed.subarray(levels), size: page.size - levels };
  const isPacked = head.numbers.get(7) !== 0;
  const values = isPacked ? unpack(rest, chunk) : rest.packed;
  checkValues(values, { head, chunk, encodingField: 4 });
}

/** Encodings of values in runs. */
const PLAIN_DICTIONARY = 2;
const RLE = 3;
const RLE_DICTIONARY = 8;

function checkValues(
  bytes: Uint8Array,
  { head, chunk, encodingField }: {
    head: ThriftStruct;
    chunk: Chunk;
    /** Field of the page's header that names the encoding. */
    encodingField: number;
  },
): void {
  const count = countOf(head.numbers, 1);
  const encoding = head.numbers.get(encodingField);
  const flags = chunk.meta.type === "BOOLEAN";
  if (encoding === RLE || (flags && encoding === RLE_DICTIONARY)) {
    // Behind their length, which the library doesn't look at.
    checkRuns(bytes.subarray(4), { width: 1, count });
  } else if (encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY) {
    const width = bytes[0] ?? 0;
    if (width > 32) fail(`a dictionary has indices of ${width} bits`);
    if (width > 0) checkRuns(bytes.subarray(1), { width, count });
  }
}

/** Values that a run of single ones may have beyond those that are left. */
const PADDING = 504;

/** Checks runs of equal values, and of packed ones, until there are enough. */
function checkRuns(
  bytes: Uint8Array,
  { width, count }: { width: number; count: number },
): void {
  let at = 0;
  // Where values are missing the bytes end first.
  for (let seen = 0; seen < count && at < bytes.length;) {
    let head = 0;
    for (let unit = 1;; unit *= 128) {
      const byte = bytes[at++] ?? fail("a run is cut off");
      head += (byte & 127) * unit;
      if (byte < 128) break;
      if (unit > 2 ** 32) fail("a run is too long");
    }
    const packed = head % 2 === 1;
    const length = packed ? (head - 1) * 4 : head / 2;
    if (length > count - seen + (packed ? PADDING : 0)) {
      fail("a run has more values than its page");
    }
    at += packed ? length / 8 * width : Math.ceil(width / 8);
    seen += length;
  }
}

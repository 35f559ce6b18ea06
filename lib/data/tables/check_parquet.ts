import type {
  AsyncBuffer,
  ColumnMetaData,
  Compressors,
  FileMetaData,
  RowGroup,
  SchemaTree,
} from "hyparquet";
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

/** Where the pages of a row group are, and how they're read. */
export interface GroupPages {
  file: AsyncBuffer;
  schema: SchemaTree;
  group: RowGroup;
  /** Names of the columns that are wanted. */
  columns: readonly string[];
  codecs: Compressors;
}

/**
 * Checks the pages of a row group's columns.
 *
 * @throws {Error} If a count or length in them can't be; the message has no file's name.
 */
export async function checkPages(pages: GroupPages): Promise<void> {
  const { file, schema, group, columns, codecs } = pages;
  for (const { meta_data: meta } of group.columns) {
    if (!meta || !columns.includes(meta.path_in_schema[0]!)) continue;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && end >= start && end <= file.byteLength)) {
      fail("a column lies beyond the file");
    }
    const path = schemaPath(schema, meta.path_in_schema);
    const rows = Number(group.num_rows);
    const bytes = new Uint8Array(await file.slice(start, end));
    checkChunk(bytes, { meta, path, rows, codecs });
  }
}

function schemaPath(
  schema: SchemaTree,
  names: readonly string[],
): SchemaTree[] {
  const path = [schema];
  for (const name of names) {
    const child = path.at(-1)!.children
      .find(({ element }) => element.name === name);
    path.push(child ?? fail("it has a column that its schema lacks"));
  }
  return path;
}

/** A column of a row group. */
interface Chunk {
  meta: ColumnMetaData;
  /** Its place in the schema, from the root on. */
  path: readonly SchemaTree[];
  rows: number;
  codecs: Compressors;
}

/** Type of a page, and the field of its header that is about it. */
const DATA = { type: 0, field: 5 };
const DICTIONARY = { type: 2, field: 7 };
const DATA_2 = { type: 3, field: 8 };

function checkChunk(bytes: Uint8Array, chunk: Chunk): void {
  const { path, rows } = chunk;
  const repeated = path.some(isRepeated);
  const most = repeated ? FEW + VALUES_PER_BYTE * bytes.length : rows;
  let values = 0;
  let unpacked = 0;
  let at = 0;
  // The library stops there too.
  while (at < bytes.length - 1 && (repeated || values < rows)) {
    const { struct: { numbers, structs }, end } = walkThrift(bytes, at);
    const type = numbers.get(1);
    const size = countOf(numbers, 2);
    at = end + countOf(numbers, 3);
    if (at > bytes.length) fail("a page is cut off");
    unpacked += size;
    if (unpacked > UNPACKED + UNPACKED_PER_BYTE * bytes.length) {
      fail(`${bytes.length} bytes of a column unpack to ${unpacked} or more`);
    }
    const page = { packed: bytes.subarray(end, at), size };
    const kind = [DATA, DICTIONARY, DATA_2].find((kind) => kind.type === type);
    const head = kind && structs.get(kind.field);
    if (!head) fail(`a page has the unknown type ${type}`);
    const count = countOf(head.numbers, 1);
    if (kind === DICTIONARY) {
      // Each takes at least a byte, flags aside, of which none has a dictionary.
      if (count > size) fail("a dictionary ends too early");
      continue;
    }
    values += count;
    if (values > most) fail(`a column has more than ${most} values`);
    if (kind === DATA) checkPage(unpack(page, chunk), head, chunk);
    else checkPage2(page, head, chunk);
  }
}

function isRepeated({ element }: SchemaTree): boolean {
  return element.repetition_type === "REPEATED";
}

/** Bits of the levels that say which list a value belongs to, and where one is missing. */
function levelBits(path: readonly SchemaTree[]) {
  const bits = (levels: number) => 32 - Math.clz32(levels);
  return {
    repetition: bits(path.filter(isRepeated).length),
    definition: bits(
      path.slice(1)
        .filter(({ element }) => element.repetition_type !== "REQUIRED").length,
    ),
  };
}

/** A page as it lies in the file, and its size in bytes when unpacked. */
interface Page {
  packed: Uint8Array;
  size: number;
}

function unpack({ packed, size }: Page, { meta, codecs }: Chunk): Uint8Array {
  if (meta.codec === "UNCOMPRESSED") return packed;
  const codec = codecs[meta.codec] ?? fail(`its codec is ${meta.codec}`);
  return codec(packed, size);
}

function checkPage(bytes: Uint8Array, head: ThriftStruct, chunk: Chunk): void {
  const count = countOf(head.numbers, 1);
  const { repetition, definition } = levelBits(chunk.path);
  let at = 0;
  for (const width of [repetition, definition]) {
    if (width === 0) continue;
    const from = at + 4;
    at = from + uint32(bytes, at);
    checkRuns(bytes.subarray(from, at), { width, count });
  }
  checkValues(bytes.subarray(at), { head, chunk, encodingField: 2 });
}

/** A page of the second version: levels stand before it, unpacked. */
function checkPage2(page: Page, head: ThriftStruct, chunk: Chunk): void {
  const count = countOf(head.numbers, 1);
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

function uint32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) fail("a page is cut off");
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

/** A field that counts something. */
function countOf(numbers: ReadonlyMap<number, number>, id: number): number {
  const count = numbers.get(id);
  return count !== undefined && count >= 0
    ? count
    : fail("a page's header lacks a count");
}

function fail(what: string): never {
  throw new Error(what);
}

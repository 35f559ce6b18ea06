import type {
  AsyncBuffer,
  ColumnChunk,
  ColumnMetaData,
  Compressors,
  RowGroup,
  SchemaTree,
} from "hyparquet";
import { type ThriftStruct, walkThrift } from "./thrift.ts";

/** Where the pages of a row group are, and how they're read. */
export interface GroupPages {
  file: AsyncBuffer;
  schema: SchemaTree;
  group: RowGroup;
  /** Names of the columns that are wanted. */
  columns: readonly string[];
  codecs: Compressors;
}

/** A column of a row group. */
export interface Chunk {
  meta: ColumnMetaData;
  /** Its place in the schema, from the root on. */
  path: readonly SchemaTree[];
  rows: number;
  codecs: Compressors;
  /** What it is written in. */
  bytes: Uint8Array;
}

/** Reads the columns of a row group that are wanted, one after the other. */
export async function* chunksOf(
  { file, schema, group, columns, codecs }: GroupPages,
): AsyncGenerator<Chunk & { column: ColumnChunk }> {
  for (const column of group.columns) {
    const { meta_data: meta } = column;
    if (!meta || !columns.includes(meta.path_in_schema[0]!)) continue;
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && end >= start && end <= file.byteLength)) {
      fail("a column lies beyond the file");
    }
    const path = schemaPath(schema, meta.path_in_schema);
    const rows = Number(group.num_rows);
    const bytes = new Uint8Array(await file.slice(start, end));
    yield { column, meta, path, rows, codecs, bytes };
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

/** Type of a page, and the field of its header that is about it. */
export const PAGE = {
  data: { type: 0, field: 5 },
  dictionary: { type: 2, field: 7 },
  data2: { type: 3, field: 8 },
} as const;

/** A page as it lies in its column. */
export interface Page {
  kind: keyof typeof PAGE;
  /** The part of its header that is about its kind. */
  head: ThriftStruct;
  /** How many values it says to have. */
  count: number;
  /** Where its header begins and its bytes end, in the column's. */
  start: number;
  end: number;
  packed: Uint8Array;
  /** Its size in bytes when unpacked. */
  size: number;
}

/** The pages of a column, as many as make up its rows. */
export function* pagesOf({ bytes, path, rows }: Chunk): Generator<Page> {
  const repeated = path.some(isRepeated);
  let values = 0;
  let at = 0;
  // The library that decodes them stops there too.
  while (at < bytes.length - 1 && (repeated || values < rows)) {
    const start = at;
    const { struct: { numbers, structs }, end } = walkThrift(bytes, at);
    const type = numbers.get(1);
    const size = countOf(numbers, 2);
    at = end + countOf(numbers, 3);
    if (at > bytes.length) fail("a page is cut off");
    const [kind] = Object.entries(PAGE)
      .find(([, { type: own }]) => own === type) ?? [];
    const head = kind && structs.get(PAGE[kind as Page["kind"]].field);
    if (!head) fail(`a page has the unknown type ${type}`);
    const count = countOf(head.numbers, 1);
    if (kind !== "dictionary") values += count;
    const packed = bytes.subarray(end, at);
    yield {
      kind: kind as Page["kind"],
      head,
      count,
      start,
      end: at,
      packed,
      size,
    };
  }
}

/** Whether there may be several at a place of the schema. */
export function isRepeated({ element }: SchemaTree): boolean {
  return element.repetition_type === "REPEATED";
}

/** Bits of the levels that say which list a value belongs to, and where one is missing. */
export function levelBits(path: readonly SchemaTree[]) {
  const bits = (levels: number) => 32 - Math.clz32(levels);
  return {
    repetition: bits(path.filter(isRepeated).length),
    definition: bits(
      path.slice(1)
        .filter(({ element }) => element.repetition_type !== "REQUIRED").length,
    ),
  };
}

/** Levels of a page of the first version, each with its length before it. */
export interface Levels {
  repetitions: Uint8Array;
  definitions: Uint8Array;
  /** What follows them. */
  values: Uint8Array;
}

/** Parts a page of the first version, unpacked, into levels and values. */
export function partsOf(
  bytes: Uint8Array,
  path: readonly SchemaTree[],
): Levels {
  const { repetition, definition } = levelBits(path);
  let at = 0;
  const [repetitions, definitions] = [repetition, definition].map((width) => {
    if (width === 0) return new Uint8Array(0);
    const from = at + 4;
    at = from + uint32(bytes, at);
    return bytes.subarray(from, at);
  });
  return {
    repetitions: repetitions!,
    definitions: definitions!,
    values: bytes.subarray(at),
  };
}

/** Unpacks bytes of a column. */
export function unpack(
  { packed, size }: Pick<Page, "packed" | "size">,
  { meta, codecs }: Chunk,
): Uint8Array {
  if (meta.codec === "UNCOMPRESSED") return packed;
  const codec = codecs[meta.codec] ?? fail(`its codec is ${meta.codec}`);
  return codec(packed, size);
}

function uint32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) fail("a page is cut off");
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

/** A field that counts something. */
export function countOf(
  numbers: ReadonlyMap<number, number>,
  id: number,
): number {
  const count = numbers.get(id);
  return count !== undefined && count >= 0
    ? count
    : fail("a page's header lacks a count");
}

/** Throws with what is wrong; the caller adds the file's name. */
export function fail(what: string): never {
  throw new Error(what);
}

import type { AsyncBuffer, RowGroup } from "hyparquet";
import { joinedBytes } from "../../base/joined_bytes.ts";
import {
  type Chunk,
  fail,
  PAGE,
  type Page,
  pagesOf,
  partsOf,
  unpack,
} from "./parquet_pages.ts";

// The library decodes DELTA_BYTE_ARRAY in pages of the second version only, as of
// 1.31.1. From 1.31.4 on it does so in both, and this file can go. It reads each
// wanted column by itself, so that new columns need not lie side by side.

const DELTA_BYTE_ARRAY = 7;

/** A row group, and the file that its columns are to be read from. */
export interface ReadableGroup {
  file: AsyncBuffer;
  group: RowGroup;
}

/** Writes pages that the library can't decode as pages that it can. */
export class DeltaPages {
  readonly #file: AsyncBuffer;
  readonly #group: RowGroup;
  /** Column → what it is to be read from instead. */
  readonly #columns = new Map<RowGroup["columns"][number], Uint8Array>();

  constructor({ file, group }: ReadableGroup) {
    this.#file = file;
    this.#group = group;
  }

  /** Takes in a column; most need nothing. */
  add(column: RowGroup["columns"][number], chunk: Chunk): void {
    if (!chunk.meta.encodings.includes("DELTA_BYTE_ARRAY")) return;
    const parts = [...pagesOf(chunk)].map((page) =>
      page.kind === "data" && page.head.numbers.get(2) === DELTA_BYTE_ARRAY
        ? secondVersion(page, chunk)
        : chunk.bytes.subarray(page.start, page.end)
    );
    this.#columns.set(column, joinedBytes(parts));
  }

  /** The group, its new columns behind the end of the file. */
  readable(): ReadableGroup {
    const file = this.#file;
    if (this.#columns.size === 0) return { file, group: this.#group };
    let end = file.byteLength;
    const places: { start: number; bytes: Uint8Array }[] = [];
    const columns = this.#group.columns.map((column) => {
      const bytes = this.#columns.get(column);
      if (!bytes) return column;
      const start = end;
      end += bytes.length;
      places.push({ start, bytes });
      const meta_data = {
        ...column.meta_data!,
        data_page_offset: BigInt(start),
        dictionary_page_offset: undefined,
        total_compressed_size: BigInt(bytes.length),
      };
      return { ...column, meta_data };
    });
    return {
      group: { ...this.#group, columns },
      file: {
        byteLength: end,
        slice(from, to = end) {
          const place = places.find(({ start, bytes }) =>
            from >= start && to <= start + bytes.length
          );
          return place
            ? place.bytes.slice(from - place.start, to - place.start)
              .buffer as ArrayBuffer
            : file.slice(from, to);
        },
      },
    };
  }
}

/** A page of the first version as one of the second, unpacked. */
function secondVersion(page: Page, chunk: Chunk): Uint8Array {
  const { repetitions, definitions, values } = partsOf(
    unpack(page, chunk),
    chunk.path,
  );
  const body = [repetitions, definitions, values];
  const size = body.reduce((sum, { length }) => sum + length, 0);
  // How many values there are stands before the lengths of what they share.
  const present = values.length === 0 ? 0 : thirdNumber(values);
  if (present > page.count) fail("a page has more values than it says");
  const head = struct(
    [1, PAGE.data2.type],
    [2, size],
    [3, size],
    [
      PAGE.data2.field,
      struct(
        [1, page.count],
        [2, page.count - present],
        // Its rows: only for who begins within the page.
        [3, page.count],
        [4, DELTA_BYTE_ARRAY],
        [5, definitions.length],
        [6, repetitions.length],
        [7, false],
      ),
    ],
  );
  return joinedBytes([head, ...body]);
}

function thirdNumber(bytes: Uint8Array): number {
  let at = 0;
  let value = 0;
  for (let i = 0; i < 3; i++) {
    value = 0;
    for (let unit = 1;; unit *= 128) {
      const byte = bytes[at++] ?? fail("a page is cut off");
      value += (byte & 127) * unit;
      if (byte < 128) break;
    }
  }
  return value;
}

/** A struct in Thrift's compact protocol, of fields in order. */
function struct(
  ...fields: [id: number, value: number | boolean | Uint8Array][]
): Uint8Array {
  let last = 0;
  const parts = fields.flatMap(([id, value]) => {
    const step = (id - last) << 4;
    last = id;
    if (typeof value === "boolean") {
      return [Uint8Array.of(step | (value ? 1 : 2))];
    }
    return typeof value === "number"
      ? [Uint8Array.of(step | 5), varint(2 * value)]
      : [Uint8Array.of(step | 12), value];
  });
  return joinedBytes([...parts, Uint8Array.of(0)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128 + 128);
  }
  return Uint8Array.of(...bytes, rest);
}

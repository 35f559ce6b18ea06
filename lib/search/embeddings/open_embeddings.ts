import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { type Shard, shardRange } from "../exact/shards.ts";
import { dequantise, type QuantisedVectors } from "../quantised/quantise.ts";
import type { QuantisedTexts } from "../quantised/quantised_index.ts";
import type { QuantisationRanges } from "../quantised/ranges.ts";
import type { EmbeddingSource } from "./write_embeddings.ts";
import {
  type EmbeddingHeader,
  idsFrom,
  rangeBytes,
  readHeader,
  rowBytes,
  type StoredDtype,
} from "./embedding_header.ts";

/** Vectors on disk; read chunk by chunk. */
export interface EmbeddingFile {
  /** Number of vectors. */
  count: number;
  /** Length of each. */
  dimension: number;
  /** How values are stored. */
  dtype: StoredDtype;
  /** What they were made from. */
  source: EmbeddingSource;
  /**
   * Reads the vectors in chunks, for `exactSearch`; of the file no more than a
   * chunk is in memory. Of int8 and binary vectors it gives numbers that stand for
   * them, as `dequantise` does.
   */
  chunks(options?: ReadChunksOptions): AsyncGenerator<EmbeddedTexts>;
  /**
   * Reads int8 and binary vectors in chunks as they are, for `QuantisedIndex`.
   *
   * @throws {RangeError} If the file holds whole vectors.
   */
  quantised(options?: ReadChunksOptions): AsyncGenerator<QuantisedTexts>;
}

/** Options for reading an {@linkcode EmbeddingFile}. */
export interface ReadChunksOptions {
  /** Vectors at a time. @default {4096} */
  chunk?: number;
  /** Only one part of them. @default all */
  shard?: Shard;
}

/**
 * Opens a file that {@linkcode writeEmbeddings} wrote.
 *
 * @param path The file.
 * @param options `source`: what the vectors must have been made from, and `dtype`:
 * how they must be stored; a file made from anything else is refused.
 * @returns The vectors, left on disk.
 * @throws {RangeError} If the file was made from something else, or otherwise.
 * @throws {SyntaxError} If it isn't such a file.
 * @throws {Deno.errors.NotFound} If there is none.
 *
 * @example Usage
 * ```ts
 * import { openEmbeddings } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(() => openEmbeddings("nowhere.safetensors"), {
 *   name: "NotFound",
 * });
 * ```
 */
export async function openEmbeddings(
  path: string,
  { source, dtype: wanted }: {
    source?: EmbeddingSource;
    dtype?: StoredDtype | undefined;
  } = {},
): Promise<EmbeddingFile> {
  const { header, start } = await readHeader(path);
  if (wanted !== undefined && wanted !== header.dtype) {
    throw new RangeError(
      `Cannot use the embeddings in ${path}: they must be stored as ${wanted}: got ${header.dtype}; delete the file, or name another`,
    );
  }
  if (source) {
    for (const key of ["model", "data"] as const) {
      if (source[key] === header.source[key]) continue;
      throw new RangeError(
        `Cannot use the embeddings in ${path}: their ${key} must be ${
          JSON.stringify(source[key])
        }: got ${
          JSON.stringify(header.source[key])
        }; delete the file, or name another`,
      );
    }
  }
  const { count, dimension, dtype } = header;
  const read = (
    { chunk = 4096, shard = { index: 0, count: 1 } }: ReadChunksOptions = {},
  ) =>
    readChunks(path, { header, start }, {
      chunk,
      rows: shardRange(count, shard),
    });
  return {
    count,
    dimension,
    dtype,
    source: header.source,
    async *chunks(options) {
      for await (const { ids, vectors } of read(options)) {
        yield { ids, embeddings: wholeOf(vectors) };
      }
    },
    quantised(options) {
      if (dtype === "int8" || dtype === "binary") return read(options);
      throw new RangeError(
        `Cannot read small vectors from ${path}: they must be stored as int8 or binary: got ${dtype}; use chunks()`,
      );
    },
  };
}

/** Whole vectors as they are, others as numbers. */
function wholeOf(vectors: QuantisedVectors): EmbeddedTexts["embeddings"] {
  const { data, count, dimension, precision } = vectors;
  return precision === "float32"
    ? { data: data as Float32Array, count, dimension }
    : dequantise(vectors);
}

async function* readChunks(
  path: string,
  { header, start }: { header: EmbeddingHeader; start: number },
  { chunk, rows: [from, to] }: { chunk: number; rows: [number, number] },
): AsyncGenerator<QuantisedTexts> {
  const { count, dimension, dtype } = header;
  const width = rowBytes(header);
  using file = await Deno.open(path);
  const read = (from: number, size: number) =>
    readRange(file, { path, from: start + from, size });
  const ranges = rangesFrom(await read(0, rangeBytes(header)));
  const first = rangeBytes(header);
  const ids = idsFrom(
    await read(first + count * width, header.idBytes),
    count,
    path,
  );
  for (let row = from; row < to; row += chunk) {
    const size = Math.min(chunk, to - row);
    const bytes = await read(first + row * width, size * width);
    const vectors: QuantisedVectors = {
      data: valuesOf(bytes, dtype),
      count: size,
      dimension,
      precision: dtype === "f32" || dtype === "bf16" ? "float32" : dtype,
    };
    if (ranges) vectors.ranges = ranges;
    yield { ids: ids.slice(row, row + size), vectors };
  }
}

/** Values of stored bytes; bfloat16 becomes float32. */
function valuesOf(
  { buffer }: Uint8Array<ArrayBuffer>,
  dtype: StoredDtype,
): Float32Array | Int8Array {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer);
    case "bf16":
      return new Float32Array(
        Uint32Array.from(new Uint16Array(buffer), (x) => x << 16).buffer,
      );
    default:
      return new Int8Array(buffer);
  }
}

/** The ranges that a file begins with; nothing where it has none. */
function rangesFrom(
  { buffer, length }: Uint8Array<ArrayBuffer>,
): QuantisationRanges | undefined {
  if (length === 0) return;
  const both = new Float32Array(buffer);
  const middle = both.length / 2;
  return { low: both.slice(0, middle), high: both.slice(middle) };
}

async function readRange(
  file: Deno.FsFile,
  { path, from, size }: { path: string; from: number; size: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  await file.seek(from, Deno.SeekMode.Start);
  for (let got = 0; got < size;) {
    const more = await file.read(bytes.subarray(got));
    if (more === null) {
      throw new SyntaxError(
        `Cannot read ${path}: it ends at ${from + got} bytes, ${
          size - got
        } too soon; write it anew`,
      );
    }
    got += more;
  }
  return bytes;
}

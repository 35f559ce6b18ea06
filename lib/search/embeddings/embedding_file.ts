import { writeWhole } from "../../base/files/write_whole.ts";
import {
  type EmbeddingHeader,
  headerBytes,
  idsFrom,
  readHeader,
} from "./embedding_header.ts";
import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { type Shard, shardRange } from "../exact/shards.ts";

/** What vectors were made from; all strings, compared as they are. */
export interface EmbeddingSource {
  /** Hash or revision of the model, with its settings. */
  model: string;
  /** Hash of the passages, in order; see `hashPassages`. */
  data: string;
}

/** Options for {@linkcode writeEmbeddings}. */
export interface WriteEmbeddingsOptions {
  /** What the vectors were made from. */
  source: EmbeddingSource;
  /** How values are stored; bf16 rounds them, to nearest. @default {"f32"} */
  dtype?: "f32" | "bf16";
}

/** Vectors on disk; read chunk by chunk. */
export interface EmbeddingFile {
  /** Number of vectors. */
  count: number;
  /** Length of each. */
  dimension: number;
  /** How values are stored. */
  dtype: "f32" | "bf16";
  /** What they were made from. */
  source: EmbeddingSource;
  /**
   * Reads the vectors in chunks, for `exactSearch`; of the file no more than a
   * chunk is in memory.
   */
  chunks(options?: {
    /** Vectors at a time. @default {4096} */
    chunk?: number;
    /** Only one part of them. @default all */
    shard?: Shard;
  }): AsyncGenerator<EmbeddedTexts>;
}

/**
 * Writes vectors to a safetensors file as they come: a tensor `embeddings`
 * `[N, D]` of F32 or BF16, a tensor `ids` of U8 (the ids as a JSON list in
 * UTF-8), and in the metadata what they were made from. The file appears under
 * its name only when whole.
 *
 * @param path File to write.
 * @param ids Ids of all vectors, in order.
 * @param chunks The vectors, as `embedPassages` gives them.
 * @param options Source and type.
 * @throws {RangeError} If the ids of the chunks aren't those, or dimensions
 * differ.
 *
 * @example Usage
 * ```ts
 * import { openEmbeddings, writeEmbeddings } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/passages.safetensors`;
 * const source = { model: "minilm@1", data: "sha256:0a…" };
 * await writeEmbeddings(path, ["a", "b"], [{
 *   ids: ["a", "b"],
 *   embeddings: { data: Float32Array.of(1, 0, 0, 1), count: 2, dimension: 2 },
 * }], { source });
 *
 * const file = await openEmbeddings(path, { source });
 * for await (const { ids, embeddings } of file.chunks({ chunk: 1 })) {
 *   assert.equal(embeddings.data[ids[0] === "a" ? 0 : 1], 1);
 * }
 * ```
 */
export async function writeEmbeddings(
  path: string,
  ids: readonly string[],
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  { source, dtype = "f32" }: WriteEmbeddingsOptions,
): Promise<void> {
  await writeWhole(path, fileParts(path, { ids, chunks, source, dtype }));
}

/** Header, vectors and ids, in the file's order. */
async function* fileParts(
  path: string,
  { ids, chunks, source, dtype }: Required<WriteEmbeddingsOptions> & {
    ids: readonly string[];
    chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>;
  },
): AsyncGenerator<Uint8Array> {
  const names = new TextEncoder().encode(JSON.stringify(ids));
  let dimension: number | undefined;
  let done = 0;
  for await (const chunk of chunks) {
    const { data, count, dimension: now } = chunk.embeddings;
    if (dimension === undefined) {
      dimension = now;
      const header = { count: ids.length, dimension, dtype, source };
      yield headerBytes({ ...header, idBytes: names.length });
    }
    const fits = chunk.ids.length === count && data.length === count * now &&
      now === dimension && chunk.ids.every((id, i) => id === ids[done + i]);
    if (!fits) {
      throw new RangeError(
        `Cannot write ${path}: chunks must hold the vectors of the ids, in their order, ${dimension} long: the one from row ${done} on doesn't`,
      );
    }
    done += count;
    yield dtype === "f32"
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : bf16Bytes(data);
  }
  if (done !== ids.length || dimension === undefined) {
    throw new RangeError(
      `Cannot write ${path}: there must be a vector for each of ${ids.length} ids, and at least one: got ${done}`,
    );
  }
  yield names;
}

function bf16Bytes(data: Float32Array): Uint8Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const out = new Uint16Array(
    bits.map((x) => (x + 0x7fff + (x >>> 16 & 1)) >>> 16),
  );
  return new Uint8Array(out.buffer);
}

/**
 * Opens a file that {@linkcode writeEmbeddings} wrote.
 *
 * @param path The file.
 * @param options `source`: what the vectors must have been made from; a file
 * made from anything else is refused.
 * @returns The vectors, left on disk.
 * @throws {RangeError} If the file was made from something else.
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
  { source }: { source?: EmbeddingSource } = {},
): Promise<EmbeddingFile> {
  const { header, start } = await readHeader(path);
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
  return {
    count,
    dimension,
    dtype,
    source: header.source,
    chunks: ({ chunk = 4096, shard = { index: 0, count: 1 } } = {}) =>
      readChunks(path, { header, start }, {
        chunk,
        rows: shardRange(count, shard),
      }),
  };
}

async function* readChunks(
  path: string,
  { header, start }: { header: EmbeddingHeader; start: number },
  { chunk, rows: [from, to] }: { chunk: number; rows: [number, number] },
): AsyncGenerator<EmbeddedTexts> {
  const { count, dimension, dtype } = header;
  const rowBytes = dimension * (dtype === "f32" ? 4 : 2);
  using file = await Deno.open(path);
  const ids = idsFrom(
    await readRange(file, {
      path,
      from: start + count * rowBytes,
      size: header.idBytes,
    }),
    count,
    path,
  );
  for (let row = from; row < to; row += chunk) {
    const size = Math.min(chunk, to - row);
    const bytes = await readRange(file, {
      path,
      from: start + row * rowBytes,
      size: size * rowBytes,
    });
    const data = dtype === "f32"
      ? new Float32Array(bytes.buffer)
      : new Float32Array(
        Uint32Array.from(new Uint16Array(bytes.buffer), (x) => x << 16).buffer,
      );
    yield {
      ids: ids.slice(row, row + size),
      embeddings: { data, count: size, dimension },
    };
  }
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

import { writeWhole } from "../../base/files/write_whole.ts";
import type { EmbeddedTexts } from "../exact/exact_search.ts";
import { bytesPerVector } from "../quantised/precision.ts";
import { quantisedChunks } from "../quantised/quantised_chunks.ts";
import { headerBytes, type StoredDtype } from "./embedding_header.ts";

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
  /**
   * How values are stored: bf16 rounds them to nearest; int8 and binary are those of
   * `quantise`, int8 with the ranges of the first 50,000 vectors, which the file
   * keeps. @default {"f32"}
   */
  dtype?: StoredDtype;
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
  const precision = dtype === "int8" || dtype === "binary" ? dtype : "float32";
  let dimension: number | undefined;
  let done = 0;
  const stored = quantisedChunks(chunks, { precision });
  for await (const { ids: own, vectors } of stored) {
    const { data, count, dimension: now, ranges } = vectors;
    if (dimension === undefined) {
      dimension = now;
      const header = { count: ids.length, dimension, dtype, source };
      yield headerBytes({ ...header, idBytes: names.length });
      if (ranges) {
        yield bytesOf(ranges.low);
        yield bytesOf(ranges.high);
      }
    }
    const width = precision === "float32"
      ? dimension
      : bytesPerVector(dimension, precision);
    const fits = own.length === count && data.length === count * width &&
      now === dimension && own.every((id, i) => id === ids[done + i]);
    if (!fits) {
      throw new RangeError(
        `Cannot write ${path}: chunks must hold the vectors of the ids, in their order, ${dimension} long: the one from row ${done} on doesn't`,
      );
    }
    done += count;
    yield dtype === "bf16" ? bf16Bytes(data as Float32Array) : bytesOf(data);
  }
  if (done !== ids.length || dimension === undefined) {
    throw new RangeError(
      `Cannot write ${path}: there must be a vector for each of ${ids.length} ids, and at least one: got ${done}`,
    );
  }
  yield names;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bf16Bytes(data: Float32Array): Uint8Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const out = new Uint16Array(
    bits.map((x) => (x + 0x7fff + (x >>> 16 & 1)) >>> 16),
  );
  return new Uint8Array(out.buffer);
}

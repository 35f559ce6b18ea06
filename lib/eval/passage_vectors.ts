import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Passage } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import { isFile } from "../base/files/exists.ts";
import {
  cachedEmbeddings,
  type EmbeddedTexts,
  embedPassages,
  type EmbedPassagesOptions,
  hashPassages,
  quantisedChunks,
  type QuantisedTexts,
  type StoredDtype,
} from "../search/mod.ts";

/** Where vectors of passages are kept. */
export interface EmbeddingCache {
  /** Folder of the files, one for each corpus, model and shard. */
  folder: string;
  /**
   * Hash or revision of the model, with whatever else its vectors depend on
   * (length limit, prompts, backend).
   */
  model: string;
}

/** Options of {@linkcode passageVectors}. */
export interface PassageVectorsOptions
  extends Omit<EmbedPassagesOptions, "shard"> {
  /** Where vectors are kept. @default {nowhere} */
  cache?: EmbeddingCache | undefined;
}

/**
 * Vectors of passages in chunks: from the cache if there is one, else encoded.
 *
 * @param encode Turns texts into vectors.
 * @param task The corpus, and a name for its file.
 * @param options Where vectors are kept, how many at a time.
 *
 * @example Usage
 * ```ts
 * import { passageVectors } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * let calls = 0;
 * const encode = (texts: readonly string[]) => {
 *   calls++;
 *   const data = Float32Array.from(texts, (text) => text.length);
 *   return Promise.resolve({ data, count: texts.length, dimension: 1 });
 * };
 * const task = { name: "toy", corpus: [{ id: "a", text: "one" }] };
 * const cache = { folder: await Deno.makeTempDir(), model: "lengths@1" };
 * for (let i = 0; i < 2; i++) {
 *   for await (const { embeddings } of passageVectors(encode, task, { cache })) {
 *     assert.deepEqual([...embeddings.data], [3]);
 *   }
 * }
 * assert.equal(calls, 1); // the second time they came from disk
 * ```
 */
export async function* passageVectors(
  encode: EncodeFunction,
  { name, corpus }: {
    name: string;
    corpus: readonly Passage[];
  },
  { cache, chunk, signal, onProgress }: PassageVectorsOptions,
): AsyncGenerator<EmbeddedTexts> {
  const options = { chunk, signal, onProgress };
  if (!cache || corpus.length === 0) {
    yield* embedPassages(encode, corpus, options);
    return;
  }
  const file = await cachedEmbeddings(
    join(cache.folder, fileName(name, cache.model, { corpus, dtype: "f32" })),
    encode,
    corpus,
    { ...options, model: cache.model },
  );
  onProgress?.(corpus.length, corpus.length);
  yield* file.chunks({ chunk });
}

/**
 * Vectors of passages in few bytes, in chunks: from the cache if there are some, also
 * whole ones, else encoded.
 *
 * @param encode Turns texts into vectors.
 * @param task The corpus, and a name for its file.
 * @param options How values are kept; where vectors are kept, how many at a time.
 */
export async function* smallPassageVectors(
  encode: EncodeFunction,
  task: { name: string; corpus: readonly Passage[] },
  { precision, ...options }:
    & PassageVectorsOptions
    & { precision: "int8" | "binary" },
): AsyncGenerator<QuantisedTexts> {
  const { cache, chunk, signal, onProgress } = options;
  const { name, corpus } = task;
  const path = (dtype: StoredDtype) =>
    join(cache!.folder, fileName(name, cache!.model, { corpus, dtype }));
  if (!cache || corpus.length === 0 || await isFile(path("f32"))) {
    yield* quantisedChunks(passageVectors(encode, task, options), {
      precision,
    });
    return;
  }
  const file = await cachedEmbeddings(path(precision), encode, corpus, {
    chunk,
    signal,
    onProgress,
    model: cache.model,
    dtype: precision,
  });
  onProgress?.(corpus.length, corpus.length);
  yield* file.quantised({ chunk });
}

/**
 * Another name for another model, other passages or another precision: the folder
 * may hold them all.
 */
function fileName(
  task: string,
  model: string,
  { corpus, dtype }: { corpus: readonly Passage[]; dtype: StoredDtype },
): string {
  const key = createHash("sha256")
    .update(JSON.stringify([model, hashPassages(corpus)])).digest("hex");
  const kept = dtype === "f32" ? "" : `.${dtype}`;
  return `${task.replace(/[^\p{L}\p{N}._-]/gu, "_")}.${
    key.slice(0, 16)
  }${kept}.safetensors`;
}

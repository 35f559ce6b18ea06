import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Passage } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import {
  cachedEmbeddings,
  type EmbeddedTexts,
  embedPassages,
  type EmbedPassagesOptions,
  hashPassages,
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

/**
 * Vectors of passages in chunks: from the cache if there is one, else encoded.
 *
 * @param encode Turns texts into vectors.
 * @param task The corpus, and a name for its file.
 * @param options Where vectors are kept, how many at a time.
 */
export async function* passageVectors(
  encode: EncodeFunction,
  { name, corpus }: {
    name: string;
    corpus: readonly Passage[];
  },
  { cache, chunk, signal, onProgress }:
    & { cache?: EmbeddingCache }
    & Omit<EmbedPassagesOptions, "shard">,
): AsyncGenerator<EmbeddedTexts> {
  const options = { chunk, signal, onProgress };
  if (!cache || corpus.length === 0) {
    yield* embedPassages(encode, corpus, options);
    return;
  }
  const file = await cachedEmbeddings(
    join(cache.folder, fileName(name, cache.model, corpus)),
    encode,
    corpus,
    { ...options, model: cache.model },
  );
  onProgress?.(corpus.length, corpus.length);
  yield* file.chunks({ chunk });
}

/** Another name for another model or other passages: the folder may hold them all. */
function fileName(
  task: string,
  model: string,
  corpus: readonly Passage[],
): string {
  const key = createHash("sha256")
    .update(JSON.stringify([model, hashPassages(corpus)])).digest("hex");
  return `${task.replace(/[^\p{L}\p{N}._-]/gu, "_")}.${
    key.slice(0, 16)
  }.safetensors`;
}

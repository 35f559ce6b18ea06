import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Passage, Query, Run, Task } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import {
  cachedEmbeddings,
  type EmbeddedTexts,
  embedPassages,
  type EmbedPassagesOptions,
  exactSearch,
  hashPassages,
  shardRange,
} from "../search/mod.ts";
import { queryText } from "../base/texts/query_text.ts";

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

/** Encodes a task's texts, or takes the passages' vectors from disk, and searches. */
export async function denseSearch(
  encode: EncodeFunction,
  { task, queries }: { task: Task; queries: readonly Query[] },
  options: EvaluateOptions & { k: number; prompt: string },
): Promise<Run> {
  const { k, prompt, multiply, prepare, dtype, signal } = options;
  const all = [...task.corpus.values()];
  const [from, to] = shardRange(
    all.length,
    options.shard ?? { index: 0, count: 1 },
  );
  const total = queries.length + to - from;
  const report = (before: number) =>
    options.onProgress &&
    ((done: number) => options.onProgress!(task.name, before + done, total));
  const embeddings = await encode(
    queries.map(({ text }) => queryText(prompt, text)),
    { kind: "query", signal, onProgress: report(0) },
  );
  const passages = vectors(
    encode,
    { name: task.name, corpus: all.slice(from, to) },
    { ...options, onProgress: report(queries.length) },
  );
  return await exactSearch(
    { ids: queries.map(({ id }) => id), embeddings },
    passages,
    { k, multiply, prepare, dtype, signal },
  );
}

/** Vectors of passages in chunks: from the cache if there is one, else encoded. */
async function* vectors(
  encode: EncodeFunction,
  { name, corpus }: {
    name: string;
    corpus: readonly Passage[];
  },
  { cache, chunk, signal, onProgress }:
    & Pick<EvaluateOptions, "cache">
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

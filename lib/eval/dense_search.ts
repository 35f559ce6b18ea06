import type { Query, Run, Task } from "../data/types.ts";
import type { EncodeFunction } from "../model/types.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import { exactSearch, PASSAGES_AT_ONCE, shardRange } from "../search/mod.ts";
import { passageIndex } from "./passage_index.ts";
import { passageVectors } from "./passage_vectors.ts";
import { searchSizes } from "./sizes/search_sizes.ts";
import { type SizeCell, sizeCells } from "./sizes/vector_size.ts";
import { queryText } from "../base/texts/query_text.ts";

/** Options of {@linkcode denseSearch}. */
interface DenseSearchOptions extends EvaluateOptions {
  /** Passages retrieved for each query. */
  k: number;
  /** Instruction before each query. */
  prompt: string;
  /** Gets the run of each size, whole vectors first. */
  onSize: (size: SizeCell, run: Run) => void;
}

/** Encodes a task's texts, or takes the passages' vectors from disk, and searches. */
export async function denseSearch(
  encode: EncodeFunction,
  { task, queries }: { task: Task; queries: readonly Query[] },
  options: DenseSearchOptions,
): Promise<Run> {
  const { k, prompt, multiply, prepare, dtype, signal } = options;
  const { precision = "float32" } = options;
  const all = [...task.corpus.values()];
  const [from, to] = shardRange(
    all.length,
    options.shard ?? { index: 0, count: 1 },
    { chunk: options.chunk ?? PASSAGES_AT_ONCE },
  );
  const total = queries.length + to - from;
  const report = (before: number) =>
    options.onProgress &&
    ((done: number) => options.onProgress!(task.name, before + done, total));
  const embeddings = await encode(
    queries.map(({ text }) => queryText(prompt, text)),
    { kind: "query", signal, onProgress: report(0) },
  );
  const asked = { ids: queries.map(({ id }) => id), embeddings };
  const corpus = { name: task.name, corpus: all.slice(from, to) };
  const vectors = { ...options, onProgress: report(queries.length) };
  if (options.sizes) {
    const { dimension } = embeddings;
    sizeCells(dimension, options.sizes); // refuses before passages are encoded
    const passages = await Array.fromAsync(
      passageVectors(encode, corpus, vectors),
    );
    const found = searchSizes({ queries: asked, passages }, {
      ...options,
      sizes: options.sizes,
    });
    let whole: Run | undefined;
    for await (const [size, run] of found) {
      whole ??= run;
      options.onSize(size, run);
    }
    return whole!;
  }
  if (precision !== "float32") {
    using index = await passageIndex(encode, corpus, { ...vectors, precision });
    return await index.search(asked, k, { signal });
  }
  return await exactSearch(asked, passageVectors(encode, corpus, vectors), {
    k,
    multiply,
    prepare,
    dtype,
    signal,
  });
}

import type { Query, Run, Task } from "../../data/types.ts";
import type { Embeddings, EncodeFunction } from "../../model/types.ts";
import { Bm25, type Bm25Options } from "../words/bm25.ts";
import { ExactIndex } from "../exact/exact_index.ts";
import { type FuseOptions, fuseRuns } from "../fuse_runs.ts";
import { scoreRows } from "../exact/score_rows.ts";
import { tokenizeMultilingual } from "../words/tokenize_multilingual.ts";
import type { PrepareFunction } from "../exact/top_k.ts";
import type { RetrieveFunction, ScoreFunction } from "../types.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import { queryText } from "../../base/texts/query_text.ts";

/**
 * BM25 over a task's corpus, with tokens for any language.
 *
 * @param task The task.
 * @param options Parameters of {@linkcode Bm25}.
 * @returns Finds passages of the corpus, and scores given ones by its `score`.
 *
 * @example Usage
 * ```ts
 * import { bm25Retriever } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const retrieve = bm25Retriever({
 *   corpus: new Map([["a", { id: "a", text: "The lighthouse" }]]),
 * });
 * const run = await retrieve([{ id: "q", text: "lighthouse" }], 5);
 * assert(run.get("q")!.has("a"));
 * ```
 */
export function bm25Retriever(
  task: Pick<Task, "corpus">,
  options: Bm25Options = {},
): RetrieveFunction {
  const index = new Bm25(task.corpus.values(), {
    tokenize: tokenizeMultilingual,
    ...options,
  });
  return Object.assign(
    (queries: readonly Query[], k: number) => index.run(queries, k),
    { score: index.score.bind(index) },
  );
}

/** Options for {@linkcode denseRetriever}. */
export interface DenseRetrieverOptions {
  /** Instruction before each query: the task's own, or none. @default {"task"} */
  prompts?: "task" | "none";
  /** Prepares the corpus for exact search; see `ExactSearchOptions`. */
  prepare?: PrepareFunction;
  /** Stops the work at the next batch. */
  signal?: AbortSignal;
  /** Called with the number of passages encoded so far. */
  onProgress?: (done: number, total: number) => void;
}

/** A task's corpus as vectors in memory. */
export interface DenseRetriever extends Disposable {
  /** Finds passages by exact search. */
  retrieve: RetrieveFunction;
  /** Scores given passages. */
  score: ScoreFunction;
}

/**
 * Encodes a task's corpus, to find passages of it and to score pairs. All
 * vectors stay in memory (1.5 kB a passage at 384 dimensions).
 *
 * @param task The task.
 * @param encode Turns texts into vectors.
 * @param options Prompts, preparation, progress.
 * @returns The retriever; dispose of it to free what `prepare` took.
 *
 * @example Usage
 * ```ts
 * import { denseRetriever } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const encode = (texts: readonly string[]) =>
 *   Promise.resolve({
 *     data: Float32Array.from(texts, (text) => text.length),
 *     count: texts.length,
 *     dimension: 1,
 *   });
 * using dense = await denseRetriever({
 *   prompt: "",
 *   corpus: new Map([["a", { id: "a", text: "four" }], ["b", { id: "b", text: "three" }]]),
 * }, encode);
 * const run = await dense.retrieve([{ id: "q", text: "x" }], 1);
 * assert.deepEqual([...run.get("q")!], [["b", 5]]);
 * ```
 */
export async function denseRetriever(
  task: Pick<Task, "corpus" | "prompt">,
  encode: EncodeFunction,
  options: DenseRetrieverOptions = {},
): Promise<DenseRetriever> {
  const { prompts = "task", prepare, signal, onProgress } = options;
  const passages = [...task.corpus.values()];
  const ids = passages.map(({ id }) => id);
  const rows = new Map(ids.map((id, row) => [id, row]));
  const embeddings = await encode(
    passages.map((passage) => passageText(passage).trim()),
    { kind: "passage", signal, onProgress },
  );
  const index = new ExactIndex({ prepare });
  index.add({ ids, embeddings });
  // Mining asks for the same queries twice: to find passages, and to score.
  let last: { queries: readonly Query[]; vectors: Embeddings } | undefined;
  const embed = async (queries: readonly Query[]) => {
    if (last?.queries === queries) return last.vectors;
    const prompt = prompts === "task" ? task.prompt : "";
    const vectors = await encode(
      queries.map(({ text }) => queryText(prompt, text)),
      { kind: "query", signal },
    );
    last = { queries, vectors };
    return vectors;
  };
  const retrieve = async (queries: readonly Query[], k: number) =>
    await index.search({
      ids: queries.map(({ id }) => id),
      embeddings: await embed(queries),
    }, k);
  const score: ScoreFunction = async (queries, pairs) =>
    scorePairs(pairs, {
      queries,
      vectors: await embed(queries),
      rows,
      corpus: embeddings,
    });
  return {
    retrieve: Object.assign(retrieve, { score }),
    score,
    [Symbol.dispose]: () => index[Symbol.dispose](),
  };
}

/** The inner product of each query with the passages that its pairs name. */
function scorePairs(
  pairs: ReadonlyMap<string, readonly string[]>,
  { queries, vectors, rows, corpus }: {
    queries: readonly Query[];
    vectors: Embeddings;
    /** Passage id → its row in `corpus`. */
    rows: ReadonlyMap<string, number>;
    corpus: Embeddings;
  },
): Run {
  const { data, dimension } = vectors;
  return new Map(queries.map(({ id }, q) => {
    const passages = pairs.get(id) ?? [];
    const at = Int32Array.from(passages, (passage) => {
      const row = rows.get(passage);
      if (row !== undefined) return row;
      throw new RangeError(
        `Cannot score query "${id}": its passages must be in the corpus: got "${passage}"`,
      );
    });
    const scores = new Float32Array(at.length);
    const query = data.subarray(q * dimension, (q + 1) * dimension);
    scoreRows(query, corpus.data, at, dimension, scores);
    return [id, new Map(passages.map((passage, i) => [passage, scores[i]!]))];
  }));
}

/**
 * Several retrievers as one: each finds its k best, and {@linkcode fuseRuns}
 * puts them together. The scores say no more than the order, and none is known of
 * what wasn't found: mining needs `score` besides.
 *
 * @param retrievers The retrievers.
 * @param options Constant and weights of the fusion.
 * @returns Finds passages.
 *
 * @example Usage
 * ```ts
 * import { fusedRetriever } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const one = () => new Map([["q", new Map([["a", 2], ["b", 1]])]]);
 * const other = () => new Map([["q", new Map([["b", 0.9]])]]);
 * const run = await fusedRetriever([one, other])([{ id: "q", text: "" }], 1);
 * assert.deepEqual([...run.get("q")!.keys()], ["b"]);
 * ```
 */
export function fusedRetriever(
  retrievers: readonly RetrieveFunction[],
  options: Omit<FuseOptions, "k"> = {},
): RetrieveFunction {
  return async (queries, k) => {
    const runs: Run[] = [];
    for (const retrieve of retrievers) runs.push(await retrieve(queries, k));
    return fuseRuns(runs, { ...options, k });
  };
}

import type { Run } from "../../data/types.ts";
import type { Embeddings } from "../../model/types.ts";
import { checkDistinct, largerIdFirst, rankedRun } from "./ranked_run.ts";
import { type Chunk, searchChunks } from "./search_chunks.ts";
import type { ExactSearchOptions } from "./top_k.ts";

/** Vectors and whose they are. */
export interface EmbeddedTexts {
  /** Ids of the rows, each different. */
  ids: readonly string[];
  /** Vectors, shape `[ids.length, D]`. */
  embeddings: Embeddings;
}

/**
 * Exhaustive search by inner product: every query against every passage. The
 * order, also at the cut, is that of trec_eval and of the reference's search
 * (spec section 16): score as float32, descending, then the larger id first.
 * So the run doesn't depend on the order of the corpus.
 *
 * The corpus may come in chunks: of each, only the ids and the k best scores
 * of each query stay in memory.
 *
 * @param queries Query vectors, shape `[Q, D]`, with ids.
 * @param passages Passage vectors, shape `[P, D]`, with ids, whole or in chunks.
 * @param options How many to keep.
 * @returns The run; each query's map lists its `min(k, P)` passages best first.
 * @throws {RangeError} If k < 1, the dimensions differ, a value isn't finite,
 * or an id appears twice.
 *
 * @example Usage
 * ```ts
 * import { exactSearch } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const run = await exactSearch(
 *   {
 *     ids: ["q1"],
 *     embeddings: { data: Float32Array.of(1, 0), count: 1, dimension: 2 },
 *   },
 *   {
 *     ids: ["a", "b", "c"],
 *     embeddings: {
 *       data: Float32Array.of(0, 1, 0.5, 0, 0.5, 0),
 *       count: 3,
 *       dimension: 2,
 *     },
 *   },
 *   { k: 2 },
 * );
 * assert.deepEqual([...run.get("q1")!], [["c", 0.5], ["b", 0.5]]);
 * ```
 */
export async function exactSearch(
  queries: EmbeddedTexts,
  passages:
    | EmbeddedTexts
    | Iterable<EmbeddedTexts>
    | AsyncIterable<EmbeddedTexts>,
  options: ExactSearchOptions,
): Promise<Run> {
  checkDistinct("query", queries.ids, new Set());
  const ids: string[] = [];
  const heaps = await searchChunks(
    queries,
    noteIds("embeddings" in passages ? [passages] : passages, ids),
    { ...options, tie: largerIdFirst(ids) },
  );
  return rankedRun(heaps, { queries: queries.ids, passages: ids });
}

/** Passes the chunks on and appends their ids to `ids` on the way. */
async function* noteIds(
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  ids: string[],
): AsyncGenerator<Chunk> {
  const seen = new Set<string>();
  for await (const chunk of chunks) {
    checkDistinct("passage", chunk.ids, seen);
    for (const id of chunk.ids) ids.push(id);
    yield chunk;
  }
}

import type { Query, Run } from "../data/types.ts";

/**
 * Finds the k best passages for each query. BM25, a dense encoder, or a search
 * engine fits behind it. The order within each query's map is free: a run is
 * ranked by its scores.
 */
export type RetrieveFunction = (
  queries: readonly Query[],
  k: number,
) => Run | Promise<Run>;

/**
 * Scores given passages for each query: query id → ids of passages in, query id
 * → passage id → score out.
 */
export type ScoreFunction = (
  queries: readonly Query[],
  passages: ReadonlyMap<string, readonly string[]>,
) => Run | Promise<Run>;

import type { Query, Run } from "../data/types.ts";

/**
 * Finds the k best passages for each query. BM25, a dense encoder, or a search
 * engine fits behind it. The order within each query's map is free: a run is
 * ranked by its scores.
 */
export interface RetrieveFunction {
  /** Finds the k best passages for each query. */
  (queries: readonly Query[], k: number): Run | Promise<Run>;
  /**
   * Scores given passages just as it scores those that it finds; absent where it
   * can't. Mining compares candidates with positives that weren't found by it.
   */
  readonly score?: ScoreFunction;
}

/**
 * Scores given passages for each query: query id → ids of passages in, query id
 * → passage id → score out. A passage that has no score, such as one without a
 * shared word under BM25, is left out.
 */
export type ScoreFunction = (
  queries: readonly Query[],
  passages: ReadonlyMap<string, readonly string[]>,
) => Run | Promise<Run>;

import type { Passage, Qrels, Query, TaskInfo } from "../types.ts";

/**
 * One set of a retrieval benchmark: queries and judgments in memory, the corpus
 * read as a stream, for it may be larger than memory.
 */
export interface BenchmarkSet extends TaskInfo {
  /** The split whose judgments these are, e.g. `"test"`. */
  split: string;
  /** Query id → query; exactly the judged ones. */
  queries: Map<string, Query>;
  /** Judgments of the split. */
  qrels: Qrels;
  /** Files that it was read from, relative to its folder, in order. */
  files: string[];
  /** Reads the corpus, each time from the beginning. */
  passages(): AsyncIterable<Passage>;
}

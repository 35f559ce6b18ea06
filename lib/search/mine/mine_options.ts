import type { SplitName } from "../../data/types.ts";
import type { Decisions } from "./decisions.ts";
import type { RetrieveFunction, ScoreFunction } from "../types.ts";
import type { RandomSource } from "../../base/random_source.ts";

/** Options for `mineHardNegatives`. */
export interface MineOptions {
  /** Where chance comes from; the same seed gives the same negatives. */
  rng: Pick<RandomSource, "int">;
  /** Negatives for each query, an integer ≥ 1. @default {8} */
  count?: number;
  /** Mines for the queries with a positive in this split. @default {"train"} */
  split?: SplitName;
  /**
   * First and last rank, from 1, of the candidates in what is retrieved; ranks
   * are counted before anything is left out. @default {[1, 50]}
   */
  depth?: readonly [number, number];
  /**
   * Leaves out a candidate that scores at least this share of the best
   * positive's score, since it may well answer the query too; in (0, 1], or
   * `Infinity` to leave out none. @default {0.95}
   */
  positiveShare?: number;
  /**
   * Leaves out a candidate that doesn't score at least this much less than the
   * best positive, ≥ 0; 0 asks for nothing that any share doesn't. @default {0}
   */
  margin?: number;
  /**
   * What to do with the candidates of a query none of whose positives has a
   * score: under BM25 they share no word with it, so that words say nothing of
   * what answers it, and a retriever that only finds and can't score didn't find
   * them. `"keep"` takes the candidates unfiltered; `"drop"` leaves all of them
   * out, as the two rules above say if no score counts as the lowest. A dense
   * model scores whatever it is given. Such queries are counted.
   *
   * @default {"keep"}
   */
  withoutPositive?: "keep" | "drop";
  /**
   * Which of the candidates left are taken: any, each equally likely; the
   * first; or any, the nth with a likelihood as 1 / n. @default {"random"}
   */
  sampling?: "random" | "top" | "rank";
  /**
   * Leaves out what is near a positive, the query, or a negative already taken:
   * most bits of 64 in which the values of `simhash` differ; `"off"` to compare
   * no more than the texts themselves. @default {2}
   */
  nearDuplicates?: number | "off";
  /** Fills up with random passages of the corpus. @default {true} */
  fill?: boolean;
  /** Finds the candidates. @default {BM25 with tokenizeMultilingual} */
  retrieve?: RetrieveFunction;
  /**
   * Scores the candidates and the positives for `positiveShare` and `margin`,
   * by a stronger model for instance; needed where those of `retrieve` are no
   * measure of relevance, as after fusion.
   *
   * @default {those of `retrieve`; of positives that it didn't find, those of its
   * `score`}
   */
  score?: ScoreFunction;
  /**
   * What a person said of pairs: those said to be positive or doubtful are
   * never taken, those said to be negative stay whatever they score.
   */
  decisions?: Decisions;
  /**
   * What was found before for a batch of queries, by `findCandidates()` elsewhere: it
   * is taken in place of what `retrieve` and `score` would find.
   */
  found?: (batch: number) => FoundCandidates | undefined;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal;
  /** Called after each batch with the number of queries done so far. */
  onProgress?: (done: number, total: number) => void;
}

/** Query id → what was retrieved, best first, and the scores to filter it by. */
export type FoundCandidates = Map<
  string,
  {
    /** Ids of passages. */
    ranked: string[];
    /** Passage id → score; positives are among them. */
    scores: ReadonlyMap<string, number>;
  }
>;

/** What `mineHardNegatives` did. */
export interface MineStatistics {
  /** Queries mined. */
  queries: number;
  /** Negatives that were retrieved. */
  retrieved: number;
  /** Negatives that are random passages, put in to fill up. */
  random: number;
  /** Queries that got at least one random passage. */
  filledQueries: number;
  /** Negatives that are missing to `queries × count` all the same. */
  missing: number;
  /** Queries none of whose positives has a score; see `withoutPositive`. */
  withoutPositive: number;
  /** Candidates left out because they are known positives. */
  leftOutPositive: number;
  /** Candidates left out for the text of a positive, the query or another. */
  leftOutText: number;
  /** Candidates left out as near a positive, the query or another. */
  leftOutNear: number;
  /**
   * Candidates left out for a score too near the best positive's, or because no
   * positive has one.
   */
  leftOutScore: number;
  /** Candidates left out because a person said so. */
  leftOutDecision: number;
}

/** One negative. */
export interface MinedNegative {
  /** Id of the passage. */
  id: string;
  /** Its rank in what was retrieved, from 1; 0 for a random passage. */
  rank: number;
  /** Its score, by which it was filtered; NaN for a random passage. */
  score: number;
}

/** The negatives of one query, with what they were compared with. */
export interface MinedQuery {
  /** The negatives, in the order of `MinedNegatives.negatives`. */
  negatives: MinedNegative[];
  /** Best score of a positive; -Infinity if none has one. */
  positive: number;
}

/** Negatives, and how they came about. */
export interface MinedNegatives {
  /**
   * Query id → ids of its negatives: the retrieved ones best first, then the
   * random ones.
   */
  negatives: Map<string, string[]>;
  /** Query id → its negatives with ranks and scores. */
  details: Map<string, MinedQuery>;
  /** Counts over all queries. */
  statistics: MineStatistics;
}

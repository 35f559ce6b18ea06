import type { RandomSource } from "../base/random_source.ts";
import type { Passage, Query } from "../data/types.ts";

/** State of a seeded generator: plain data, so a checkpoint can hold it. */
export type RngState = readonly [number, number, number, number];

/** A seeded generator of random numbers. */
export interface Rng extends RandomSource {
  /** The present state; {@linkcode restoreRng} goes on from it. */
  state(): RngState;
}

/** One row of a batch: a query and the passages it is trained on. */
export interface BatchExample {
  /** Domain id of the row. */
  domain: number;
  /** Row number within its task's training rows. */
  row: number;
  /** The query, without prompt. */
  query: Query;
  /** Text the encoder gets for the query: prompt (if any) and query. */
  queryText: string;
  /** One positive, then the hard negatives: N passages. */
  passages: Passage[];
  /** Texts the encoder gets for the passages; the order of `passages`. */
  passageTexts: string[];
  /** Ids of every known positive of this query; never to count as negatives. */
  positiveIds: ReadonlySet<string>;
}

/** What one training step is made of. */
export interface Batch {
  /** Number of the batch since the start of the run, from 0. */
  index: number;
  /** The rows; each has the same number of passages N. */
  examples: BatchExample[];
  /** Where sampling stands after this batch; give it back to resume. */
  cursor: SamplerCursor;
}

/** Where a sampler stands: plain data, JSON-serialisable. */
export interface SamplerCursor {
  /** Batches drawn so far. */
  batches: number;
  /** State of the generator that chooses tasks. */
  taskRng: RngState;
  /** State of the generator that chooses passages. */
  passageRng: RngState;
  /** Next row of each task in its shuffled order, shape `[K]`. */
  next: number[];
  /** Whether each task was used up at least once, shape `[K]`. */
  done: boolean[];
  /** Rows drawn from each task so far, shape `[K]`. */
  drawn: number[];
}

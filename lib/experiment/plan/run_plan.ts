import type { TextLengths } from "../stages/cut_texts.ts";

/** What trains, what it trains on, and how long. */
export interface PlannedStage {
  /** Name, as in progress and log. */
  name: string;
  /** Updates. */
  updates: number;
  /** Queries per update. */
  queries: number;
  /** Passages per query. */
  passages: number;
  /** Whether another model reads the same batches. */
  reference: boolean;
  /**
   * Expected passes over the rows of each task, in the suite's order; absent where
   * the mixture is still to be learned.
   */
  passes?: number[] | undefined;
}

/** Tasks as a plan sees them. */
export interface PlannedTask {
  /** Its name. */
  name: string;
  /** Training queries with a positive; those without a negative may be left out. */
  rows: number;
  /** Passages that are searched: those of its corpus, or of the pool. */
  passages: number;
  /** Queries that are evaluated: those of the test split, or of the pool. */
  testQueries: number;
}

/** Three updates that were made to see how long they take. */
export interface MeasuredUpdates {
  /** Seconds per token in training: forward, backward and update. */
  secondsPerToken: number;
  /** Seconds per token in evaluation. @default {a third of those in training} */
  secondsPerTokenEncoded?: number | undefined;
  /** Memory of the process at its highest, in bytes. */
  memory: number;
}

/** Sizes of the model. */
export interface PlannedModel {
  /** Bytes of its parameters. */
  bytes: number;
  /** Bytes of those that are trained. */
  trained: number;
  /** Length of its vectors. */
  dimension: number;
}

/** Estimates of what the work takes. */
export interface PlanEstimates {
  /**
   * Seconds of training, of evaluation, and of evaluations while training (`dev`, if
   * there are any), without mining.
   */
  seconds?: { training: number; evaluation: number; dev?: number } | undefined;
  /** Memory at its highest, in bytes. */
  memory?: number | undefined;
  /** Disk at its fullest, in bytes. */
  disk: number;
}

/** What a run is going to do. */
export interface RunPlan {
  /** Its folder. */
  folder: string;
  /** What the folder holds: nothing yet, or a run to go on with, or its result. */
  state: "new" | "unfinished" | "finished";
  /** The tasks. */
  tasks: PlannedTask[];
  /** What trains, in order. */
  stages: PlannedStage[];
  /** Lengths, and what they cut. */
  lengths: TextLengths;
  /**
   * Expected standard deviation of the log-weights where tasks don't differ, see
   * `weightNoise()`; absent where no weights are learned.
   */
  noise?: number | undefined;
  /** What it takes. */
  estimates: PlanEstimates;
  /** All of it in sentences. */
  lines: string[];
}

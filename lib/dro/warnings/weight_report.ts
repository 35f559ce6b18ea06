import type { ChanceBand } from "../chance_bands.ts";

/** What `weightWarnings()` looks at. */
export interface WeightReport {
  /** The weights in question, shape `[K]`, ≥ 0, not all 0. */
  weights: readonly number[];
  /** Task names, shape `[K]`, for the messages. */
  names?: readonly string[];
  /** Weights after each update, oldest first, shape `[updates][K]`. */
  history?: readonly (readonly number[])[];
  /** Mean reference loss of each task, shape `[K]`; NaN for not seen. */
  referenceMeans?: readonly number[];
  /** Mean proxy loss of each task, shape `[K]`; NaN for not seen. */
  lossMeans?: readonly number[];
  /** Rows of each task, shape `[K]`. */
  sizes?: readonly number[];
  /** Rows that the training run with these weights will draw. */
  examples?: number;
  /** Weights learned with several seeds, shape `[S][K]`; one seed says nothing. */
  seeds?: readonly (readonly number[])[];
  /** What chance alone gives each task, from `chanceBands()`, shape `[K]`. */
  chance?: readonly ChanceBand[];
  /** The same for each of `seeds`, shape `[S][K]`, where `weights` are their mean. */
  seedChance?: readonly (readonly ChanceBand[])[];
}

/** Limits for `weightWarnings()`; rules of thumb. */
export interface WeightLimits {
  /**
   * Smallest good effective number of tasks, as a share of the way from 1 to
   * K. @default {0.1}
   */
  minEffectiveShare?: number;
  /**
   * Largest good change over the last tenth of the updates, total variation in
   * [0, 1]: the share of the mixture that moved. @default {0.05}
   */
  maxLateChange?: number;
  /**
   * Smallest good mean reference loss of a task, over the mean of all tasks.
   * Under 0.05 the released measure damps examples in batches of 512 (spec
   * section 15, S9). @default {0.05}
   */
  minReferenceShare?: number;
  /**
   * Smallest good loss of the proxy over the reference's, all tasks together. Below
   * it the proxy hardly lags, and the weights may rank the tasks by something
   * else. @default {1.1}
   */
  minLag?: number;
  /**
   * Largest good rank correlation of the weights with the reference's loss where the
   * proxy hardly lags. @default {0.9}
   */
  maxReferenceCorrelation?: number;
  /** Largest good number of passes over a task. @default {10} */
  maxPasses?: number;
  /**
   * Largest good `SeedAgreement.distance` between seeds: the share of
   * the mixture that depends on the seed. @default {0.1}
   */
  maxSeedDistance?: number;
  /**
   * Smallest good `SeedAgreement.rankCorrelation` between seeds;
   * below it, which tasks a selection keeps is luck to a good part. With few
   * tasks, or weights that are nearly equal, it scatters. @default {0.5}
   */
  minSeedCorrelation?: number;
  /**
   * Largest good share of the weights that lie within what chance alone gives.
   * @default {0.5}
   */
  maxChanceShare?: number;
}

/** Something about the weights that deserves a look before using them. */
export interface WeightWarning {
  /** What is odd. */
  kind:
    | "one-hot"
    | "not-settled"
    | "reference-near-zero"
    | "follows-reference"
    | "many-passes"
    | "seeds-differ"
    | "seeds-rank-differently"
    | "within-chance";
  /** Domain id, if it's about one task. */
  domain?: number;
  /** The number found. */
  value: number;
  /** The limit it crosses. */
  limit: number;
  /** One line for people. */
  message: string;
}

import type { ChanceBand } from "./chance_bands.ts";
import { seedAgreement } from "./seed_agreement.ts";
import { whatWeightsFollow } from "./what_weights_follow.ts";

/** What {@linkcode weightWarnings} looks at. */
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
}

/** Limits for {@linkcode weightWarnings}; rules of thumb. */
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
   * Largest good {@linkcode SeedAgreement.distance} between seeds: the share of
   * the mixture that depends on the seed. @default {0.1}
   */
  maxSeedDistance?: number;
  /**
   * Smallest good {@linkcode SeedAgreement.rankCorrelation} between seeds;
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

/**
 * Effective number of tasks in a mixture: exp of the entropy. K for uniform
 * weights, 1 for a single task.
 *
 * @param weights Weights, shape `[K]`, ≥ 0, not all 0; need not sum to 1.
 * @returns A number in [1, K].
 *
 * @example Usage
 * ```ts
 * import { effectiveTasks } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(effectiveTasks([1, 0, 0]), 1);
 * assert.ok(Math.abs(effectiveTasks([2, 2, 2]) - 3) < 1e-12);
 * ```
 */
export function effectiveTasks(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let entropy = 0;
  for (const weight of weights) {
    if (weight > 0) entropy -= weight / total * Math.log(weight / total);
  }
  return Math.exp(entropy);
}

/**
 * Guard rails for learned weights, each with the number behind it: nearly all
 * weight on one task; still moving at the end; a reference loss so near 0 that
 * ratios to it mean little; weights that rank the tasks by how hard they are, not by
 * where the proxy lags; a small task repeated very often; seeds that give other
 * weights, or another order of the tasks; most weights where chance alone would have
 * put them.
 *
 * @param report The weights and what is known about them; what is absent isn't
 * checked.
 * @param limits Where to warn.
 * @returns Warnings, none if all is well.
 *
 * @example Usage
 * ```ts
 * import { weightWarnings } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const report = { weights: [0.9, 0.1], sizes: [100, 10_000], examples: 5_000 };
 * const [warning] = weightWarnings(report);
 * assert.equal(warning!.kind, "many-passes");
 * assert.equal(warning!.domain, 0);
 * assert.equal(warning!.value, 45);
 * assert.deepEqual(weightWarnings({ ...report, weights: [0.1, 0.9] }), []);
 * ```
 */
export function weightWarnings(
  report: WeightReport,
  limits: WeightLimits = {},
): WeightWarning[] {
  return [
    ...oneHot(report, limits),
    ...notSettled(report, limits),
    ...referenceNearZero(report, limits),
    ...followsReference(report, limits),
    ...manyPasses(report, limits),
    ...seedsDiffer(report, limits),
    ...withinChance(report, limits),
  ];
}

function oneHot(
  { weights }: WeightReport,
  { minEffectiveShare = 0.1 }: WeightLimits,
): WeightWarning[] {
  const value = effectiveTasks(weights);
  const limit = 1 + minEffectiveShare * (weights.length - 1);
  if (weights.length < 2 || value >= limit) return [];
  return [{
    kind: "one-hot",
    value,
    limit,
    message: `the weights are worth only ${
      short(value)
    } of ${weights.length} tasks (limit ${
      short(limit)
    }); lower eta, learn for fewer steps, or set a cap`,
  }];
}

function notSettled(
  { history = [] }: WeightReport,
  { maxLateChange = 0.05 }: WeightLimits,
): WeightWarning[] {
  const last = history.length - 1;
  if (last < 1) return [];
  const tenth = Math.max(1, Math.round(history.length / 10));
  const before = history[Math.max(0, last - tenth)]!;
  const value = history[last]!.reduce(
    (sum, weight, k) => sum + Math.abs(weight - before[k]!) / 2,
    0,
  );
  if (value <= maxLateChange) return [];
  return [{
    kind: "not-settled",
    value,
    limit: maxLateChange,
    message: `the weights still move: ${
      short(100 * value)
    } % of the mixture changed in the last ${tenth} of ${history.length} updates (limit ${
      short(100 * maxLateChange)
    } %); learn for more steps, or let eta fall`,
  }];
}

function referenceNearZero(
  { referenceMeans = [], names }: WeightReport,
  { minReferenceShare = 0.05 }: WeightLimits,
): WeightWarning[] {
  const seen = referenceMeans.filter((loss) => !Number.isNaN(loss));
  const mean = seen.reduce((sum, loss) => sum + loss, 0) / seen.length;
  const limit = minReferenceShare * mean;
  return referenceMeans.flatMap((value, domain) =>
    // All at 0 is the worst case, and no one is below the limit then.
    value < limit || value === 0
      ? [{
        kind: "reference-near-zero" as const,
        domain,
        value,
        limit,
        message: `the reference loss of ${nameOf(names, domain)} is ${
          short(value)
        }, mean of all tasks ${
          short(mean)
        }: a ratio to it means little; give it harder negatives, or use the measure "difference"`,
      }]
      : []
  );
}

/** With fewer tasks ranks agree by chance. */
const RANKED_TASKS = 8;

function followsReference(
  { weights, referenceMeans, lossMeans }: WeightReport,
  { minLag = 1.1, maxReferenceCorrelation = 0.9 }: WeightLimits,
): WeightWarning[] {
  if (!referenceMeans || !lossMeans) return [];
  const seen = (mean: number | undefined) =>
    mean === undefined || Number.isNaN(mean) ? null : mean;
  const follow = whatWeightsFollow(weights.map((end, k) => ({
    end,
    loss: seen(lossMeans[k]),
    referenceLoss: seen(referenceMeans[k]),
  })));
  if (!follow || follow.tasks < RANKED_TASKS || follow.lag >= minLag) return [];
  const value = follow.referenceLoss;
  if (value <= maxReferenceCorrelation) return [];
  return [{
    kind: "follows-reference",
    value,
    limit: maxReferenceCorrelation,
    message: `the proxy loses only ${
      short(follow.lag)
    } times what the reference does, and the weights rank the tasks by the reference's loss (rank correlation ${
      short(value)
    }, limit ${
      short(maxReferenceCorrelation)
    }): they tell how hard a task is, not where the proxy lags; train the reference for more steps, or compare with the measure "ratio-of-means"`,
  }];
}

function manyPasses(
  { weights, sizes = [], examples = 0, names }: WeightReport,
  { maxPasses = 10 }: WeightLimits,
): WeightWarning[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return sizes.flatMap((size, domain) => {
    const value = size > 0 ? weights[domain]! / total * examples / size : 0;
    return value <= maxPasses ? [] : [{
      kind: "many-passes" as const,
      domain,
      value,
      limit: maxPasses,
      message: `the ${size} rows of ${nameOf(names, domain)} will be drawn ${
        short(value)
      } times each (limit ${
        short(maxPasses)
      }); set a cap on its weight, or train for fewer steps`,
    }];
  });
}

function seedsDiffer(
  { seeds = [] }: WeightReport,
  { maxSeedDistance = 0.1, minSeedCorrelation = 0.5 }: WeightLimits,
): WeightWarning[] {
  if (seeds.length < 2 || seeds[0]!.length < 2) return [];
  const { distance, rankCorrelation } = seedAgreement(seeds);
  const warnings: WeightWarning[] = [];
  if (distance > maxSeedDistance) {
    warnings.push({
      kind: "seeds-differ",
      value: distance,
      limit: maxSeedDistance,
      message: `two of the ${seeds.length} seeds differ by ${
        short(100 * distance)
      } % of the mixture on average (limit ${
        short(100 * maxSeedDistance)
      } %); learn with larger batches or for more steps, or take the mean of the seeds`,
    });
  }
  if (rankCorrelation < minSeedCorrelation) {
    warnings.push({
      kind: "seeds-rank-differently",
      value: rankCorrelation,
      limit: minSeedCorrelation,
      message:
        `the ${seeds.length} seeds put the tasks in different orders: mean rank correlation ${
          short(rankCorrelation)
        } (limit ${
          short(minSeedCorrelation)
        }); don't select top tasks by one seed`,
    });
  }
  return warnings;
}

function withinChance(
  { weights, chance = [] }: WeightReport,
  { maxChanceShare = 0.5 }: WeightLimits,
): WeightWarning[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const within =
    chance.filter(([low, high], k) =>
      weights[k]! / total >= low && weights[k]! / total <= high
    ).length;
  const value = within / weights.length;
  if (chance.length === 0 || value <= maxChanceShare) return [];
  return [{
    kind: "within-chance",
    value,
    limit: maxChanceShare,
    message:
      `${within} of ${weights.length} weights are within what chance alone gives (limit ${
        short(100 * maxChanceShare)
      } %): the losses hardly tell the tasks apart; learn with larger batches or for more steps`,
  }];
}

function nameOf(names: readonly string[] | undefined, domain: number): string {
  const name = names?.[domain];
  return name === undefined ? `task ${domain}` : JSON.stringify(name);
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

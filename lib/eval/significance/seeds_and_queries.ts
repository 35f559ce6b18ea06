import { checkLevel, checkResamples } from "./paired.ts";
import { pairedTTest } from "./paired_t.ts";
import { quantile } from "./quantile.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { mean } from "../../base/mean.ts";
import { standardNormal } from "../../base/standard_normal.ts";

/**
 * What a system gained over another: for each seed, task and query the difference,
 * shape `[seeds][tasks][queries of the task]`. Queries and their order are the same
 * for all seeds.
 */
export type SeedDifferences = readonly (readonly (readonly number[])[])[];

/** Options for {@linkcode seedsAndQueries}. */
export interface SeedsAndQueriesOptions {
  /** Where chance comes from. */
  rng: RandomSource;
  /** Coverage of the interval, in (0, 1). @default {0.95} */
  level?: number;
  /** Resamples drawn, an integer ≥ 1. @default {4000} */
  resamples?: number;
}

/** Result of {@linkcode seedsAndQueries}. */
export interface SeedsAndQueries {
  /** Mean difference over seeds, tasks and queries; each task counts the same. */
  difference: number;
  /** Mean difference of each seed, in the order given. */
  bySeed: number[];
  /** Confidence interval of `difference` over other seeds and other queries. */
  interval: [number, number];
  /** Two-sided p-value for no difference over other seeds and other queries. */
  p: number;
  /**
   * p-value of the paired t-test over the seeds alone, for these queries; NaN for one
   * seed.
   */
  pSeeds: number;
  /**
   * p-value for a difference of at most `-margin`: small if the system is not worse
   * by more than the margin (non-inferiority, one-sided).
   *
   * @param margin What may be lost, ≥ 0.
   */
  inferior(margin: number): number;
}

/**
 * Tests whether one way to train is better than another, for other seeds and other
 * queries than those at hand. Both are chance: a seed moves every score of a model,
 * and test queries are a sample.
 *
 * Queries are resampled within each task, as in any bootstrap. A handful of seeds
 * can't be: three of them, resampled, look a third less spread than they are, and
 * have one sign in a quarter of all cases. Their part is drawn from Student's
 * distribution with the spread of the seeds' means instead. Both parts add, which
 * makes the test slightly conservative.
 *
 * With one seed the interval is over queries alone, and can't tell the mixture from
 * luck.
 *
 * @param differences What was gained, by seed, task and query.
 * @param options Where chance comes from, level and number of resamples.
 * @returns Difference, interval and p-values.
 * @throws {RangeError} If there is no seed, task or query, seeds differ in their
 * queries, a value isn't finite, or an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { seedsAndQueries } from "@tdro/tdro/eval";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * // Three seeds, one task of four queries: the seeds don't agree.
 * const told = seedsAndQueries(
 *   [[[0.2, 0.1, 0.2, 0.1]], [[-0.1, -0.2, -0.1, 0]], [[0.3, 0.2, 0.2, 0.3]]],
 *   { rng: createRng(1, "example") },
 * );
 * assert.ok(told.interval[0] < 0 && told.p > 0.05);
 * ```
 */
export function seedsAndQueries(
  differences: SeedDifferences,
  { rng, level = 0.95, resamples = 4000 }: SeedsAndQueriesOptions,
): SeedsAndQueries {
  const cannot = "Cannot compare over seeds and queries";
  checkLevel(level, cannot);
  checkResamples(resamples, cannot);
  checkShape(differences, cannot);
  const bySeed = differences.map((tasks) => mean(tasks.map(mean)));
  const difference = mean(bySeed);
  const overSeeds = pairedTTest(bySeed, bySeed.map(() => 0));
  const seedError = standardError(bySeed);
  const byQuery = meanOverSeeds(differences);
  const samples = Float64Array.from(
    { length: resamples },
    () =>
      resampledMean(byQuery, rng) + seedError * student(bySeed.length - 1, rng),
  ).sort();
  const tail = (1 - level) / 2;
  const atMost = (x: number) => shareAtMost(samples, x);
  return {
    difference,
    bySeed,
    interval: [quantile(samples, tail), quantile(samples, 1 - tail)],
    p: Math.min(1, 2 * Math.min(atMost(0), shareAtLeast(samples, 0))),
    pSeeds: overSeeds.p,
    inferior: (margin) => atMost(-margin),
  };
}

function checkShape(differences: SeedDifferences, cannot: string): void {
  const first = differences[0];
  if (!first?.length || first.some((task) => task.length === 0)) {
    throw new RangeError(
      `${cannot}: there must be a seed, a task and a query in each: got ${
        JSON.stringify(differences.map((tasks) => tasks.map((q) => q.length)))
      } queries`,
    );
  }
  for (const [s, tasks] of differences.entries()) {
    const other = tasks.length !== first.length ||
      tasks.some((task, k) => task.length !== first[k]!.length);
    if (other) {
      throw new RangeError(
        `${cannot}: seed ${s} must have the tasks and queries of seed 0`,
      );
    }
    const wrong = tasks.flat().find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new RangeError(
        `${cannot}: differences must be finite: got ${wrong} for seed ${s}`,
      );
    }
  }
}

/** Standard error of a mean; 0 for one value, which says nothing of its spread. */
function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  const squares = values.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Mean over seeds of each query's difference, by task. */
function meanOverSeeds(differences: SeedDifferences): Float64Array[] {
  return differences[0]!.map((task, k) =>
    Float64Array.from(
      task,
      (_, q) => mean(differences.map((tasks) => tasks[k]![q]!)),
    )
  );
}

/** Mean over tasks of queries drawn within each. */
function resampledMean(
  tasks: readonly Float64Array[],
  rng: RandomSource,
): number {
  let total = 0;
  for (const task of tasks) {
    let sum = 0;
    for (let i = 0; i < task.length; i++) sum += task[rng.int(task.length)]!;
    total += sum / task.length;
  }
  return total / tasks.length;
}

/** A draw from Student's distribution; 0 without degrees of freedom. */
function student(df: number, rng: RandomSource): number {
  if (df < 1) return 0;
  let squares = 0;
  for (let i = 0; i < df; i++) squares += standardNormal(rng) ** 2;
  return standardNormal(rng) / Math.sqrt(squares / df);
}

/** Share of the samples ≤ x; never 0, as no finite number of draws shows that. */
function shareAtMost(sorted: Float64Array, x: number): number {
  const count = sorted.reduce((sum, value) => sum + +(value <= x), 0);
  return (count + 1) / (sorted.length + 1);
}

function shareAtLeast(sorted: Float64Array, x: number): number {
  const count = sorted.reduce((sum, value) => sum + +(value >= x), 0);
  return (count + 1) / (sorted.length + 1);
}

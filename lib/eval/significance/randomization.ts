import { type Alternative, checkResamples, differences } from "./paired.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { mean } from "../../base/mean.ts";

/** Options for {@linkcode randomizationTest}. */
export interface RandomizationTestOptions {
  /** Which difference counts as extreme. @default {"two-sided"} */
  alternative?: Alternative;
  /**
   * `"exact"` counts all 2^n assignments (n ≤ 24), `"monte-carlo"` draws some.
   * @default {"exact" up to 16 queries, else "monte-carlo"}
   */
  method?: "exact" | "monte-carlo";
  /** Assignments drawn, an integer ≥ 1; Monte Carlo only. @default {10_000} */
  resamples?: number;
  /** Where chance comes from; Monte Carlo needs it. */
  rng?: Pick<RandomSource, "int">;
}

/** Result of {@linkcode randomizationTest}. */
export interface RandomizationTest {
  /** Probability of a mean at least as extreme if labels mean nothing. */
  p: number;
  /** Mean of a - b. */
  meanDifference: number;
  /** How it was computed. */
  method: "exact" | "monte-carlo";
  /** Assignments at least as extreme as the observed one. */
  count: number;
  /** Assignments counted, or drawn. */
  total: number;
}

/**
 * Fisher's paired randomisation test: if two systems are alike, the sign of each
 * query's difference is a coin toss. Exact, p is the share of sign assignments,
 * the observed one included, whose mean is at least as extreme; by Monte Carlo,
 * (count + 1) / (resamples + 1). Means that differ by rounding alone count as
 * equal.
 *
 * @param a Values of one system, by query.
 * @param b Values of the other, in the same order.
 * @param options Alternative, and how to count.
 * @returns The test.
 * @throws {RangeError} If the lengths differ or are 0, a value isn't finite,
 * there are too many queries to be exact, or Monte Carlo lacks `rng`.
 *
 * @example Usage
 * ```ts
 * import { randomizationTest } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * // Only the observed assignment and its mirror image are as extreme.
 * const { p } = randomizationTest([0.9, 0.8, 0.7], [0.5, 0.5, 0.6]);
 * assert.equal(p, 2 / 8);
 * ```
 */
export function randomizationTest(
  a: readonly number[],
  b: readonly number[],
  options: RandomizationTestOptions = {},
): RandomizationTest {
  const cannot = "Cannot run the randomisation test";
  const { alternative = "two-sided", resamples = 10_000, rng } = options;
  const d = differences(a, b, cannot);
  const { method = d.length <= 16 ? "exact" : "monte-carlo" } = options;
  checkResamples(resamples, cannot);
  const observed = d.reduce((sum, x) => sum + x, 0);
  // A sum of n terms is off by at most n units in the last place of Σ|d|.
  const slack = d.reduce((sum, x) => sum + Math.abs(x), 0) * d.length *
    2 ** -51;
  const extreme = (sum: number) =>
    alternative === "two-sided"
      ? Math.abs(sum) >= Math.abs(observed) - slack
      : alternative === "greater"
      ? sum >= observed - slack
      : sum <= observed + slack;

  let count = 0;
  if (method === "exact") {
    if (d.length > 24) {
      throw new RangeError(
        `${cannot}: method "exact" takes at most 24 queries: got ${d.length}; use "monte-carlo"`,
      );
    }
    const walk = (i: number, sum: number) => {
      if (i === d.length) {
        if (extreme(sum)) count++;
        return;
      }
      walk(i + 1, sum + d[i]!);
      walk(i + 1, sum - d[i]!);
    };
    walk(0, 0);
  } else {
    if (!rng) {
      throw new RangeError(
        `${cannot}: rng must be given for method "monte-carlo" (${d.length} queries): got none`,
      );
    }
    for (let r = 0; r < resamples; r++) {
      let sum = 0;
      for (const x of d) sum += rng.int(2) === 0 ? x : -x;
      if (extreme(sum)) count++;
    }
  }
  const total = method === "exact" ? 2 ** d.length : resamples;
  return {
    p: method === "exact" ? count / total : (count + 1) / (total + 1),
    meanDifference: mean(d),
    method,
    count,
    total,
  };
}

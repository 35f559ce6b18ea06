import { studentQuantile, studentTail } from "./distributions.ts";
import { type Alternative, checkLevel, differences } from "./paired.ts";
import { mean } from "../../base/mean.ts";

/** Options for {@linkcode pairedTTest}. */
export interface PairedTTestOptions {
  /** Which difference counts as extreme. @default {"two-sided"} */
  alternative?: Alternative;
  /** Coverage of the interval, in (0, 1). @default {0.95} */
  level?: number;
}

/** Result of {@linkcode pairedTTest}. */
export interface PairedTTest {
  /** Mean difference over its standard error. */
  t: number;
  /** Degrees of freedom, n - 1. */
  df: number;
  /** Probability of a t at least as extreme if the true mean difference is 0. */
  p: number;
  /** Mean of a - b. */
  meanDifference: number;
  /** Two-sided confidence interval of the mean difference: low, high. */
  interval: [number, number];
}

/**
 * Student's paired t-test of whether two systems differ in their mean over the
 * same queries.
 *
 * @param a Values of one system, by query.
 * @param b Values of the other, in the same order.
 * @param options Alternative, and level of the interval.
 * @returns The test; `t` and `p` are NaN for a single query or if no query
 * differs, for then there is no variance to judge by.
 * @throws {RangeError} If the lengths differ or are 0, or a value isn't finite.
 *
 * @example Usage
 * ```ts
 * import { pairedTTest } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const { p } = pairedTTest([0.9, 0.8, 0.7, 0.9], [0.5, 0.5, 0.4, 0.6]);
 * assert(p < 0.05);
 * ```
 */
export function pairedTTest(
  a: readonly number[],
  b: readonly number[],
  { alternative = "two-sided", level = 0.95 }: PairedTTestOptions = {},
): PairedTTest {
  const cannot = "Cannot run the paired t-test";
  checkLevel(level, cannot);
  const d = differences(a, b, cannot);
  const middle = mean(d);
  const df = d.length - 1;
  const variance = d.reduce((sum, x) => sum + (x - middle) ** 2, 0) / df;
  const error = Math.sqrt(variance / d.length);
  const t = middle / error;
  const half = studentQuantile((1 - level) / 2, df) * error;
  return {
    t,
    df,
    p: alternative === "two-sided"
      ? 2 * studentTail(Math.abs(t), df)
      : studentTail(alternative === "greater" ? t : -t, df),
    meanDifference: middle,
    interval: [middle - half, middle + half],
  };
}

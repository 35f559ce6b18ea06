import { normalCdf, normalQuantile } from "./distributions.ts";
import { checkLevel, checkResamples } from "./paired.ts";
import { quantile } from "./quantile.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { mean } from "../../base/mean.ts";

/** Options for {@linkcode bootstrapInterval}. */
export interface BootstrapOptions {
  /** Where chance comes from. */
  rng: Pick<RandomSource, "int">;
  /**
   * Efron's bias-corrected and accelerated interval, the plain quantiles, or
   * the quantiles mirrored at the estimate. @default {"BCa"}
   */
  method?: "BCa" | "percentile" | "basic";
  /** Coverage, in (0, 1). @default {0.95} */
  level?: number;
  /** Resamples drawn, an integer ≥ 1. @default {10_000} */
  resamples?: number;
}

/** Result of {@linkcode bootstrapInterval}. */
export interface BootstrapInterval {
  /** Mean of the values. */
  estimate: number;
  /** Confidence interval of the mean: low, high. */
  interval: [number, number];
  /** Standard deviation of the resampled means. */
  standardError: number;
}

/**
 * Bootstrap confidence interval of a mean over queries. To compare two systems,
 * give the differences by query. Quantiles are interpolated linearly at
 * (resamples - 1) · p.
 *
 * @param values One value for each query.
 * @param options Where chance comes from, and which interval.
 * @returns Mean and interval; for values that are all the same a BCa interval
 * is undefined, and both ends are NaN.
 * @throws {RangeError} If there is no value, one isn't finite, or an option is
 * out of range.
 *
 * @example Usage
 * ```ts
 * import { bootstrapInterval } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * let draw = 0;
 * const rng = { int: (n: number) => draw++ % n };
 * const { interval } = bootstrapInterval([0, 1], { rng, method: "basic" });
 * assert.deepEqual(interval, [0.5, 0.5]);
 * ```
 */
export function bootstrapInterval(
  values: readonly number[],
  options: BootstrapOptions,
): BootstrapInterval {
  const cannot = "Cannot compute the bootstrap interval";
  const { rng, method = "BCa", level = 0.95, resamples = 10_000 } = options;
  checkLevel(level, cannot);
  checkResamples(resamples, cannot);
  const n = values.length;
  if (n === 0) {
    throw new RangeError(`${cannot}: values must hold a number: got none`);
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new RangeError(
      `${cannot}: values[${wrong}] must be finite: got ${values[wrong]}`,
    );
  }
  const estimate = mean(values);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[rng.int(n)]!;
    means[r] = sum / n;
  }
  means.sort();
  const alpha = 1 - level;
  let ends: [number, number] = [alpha / 2, 1 - alpha / 2];
  if (method === "BCa") ends = bcaEnds(values, means, { estimate, alpha });
  const [low, high] = ends.map((p) => quantile(means, p)) as [number, number];
  const middle = mean([...means]);
  return {
    estimate,
    interval: method === "basic"
      ? [2 * estimate - high, 2 * estimate - low]
      : [low, high],
    standardError: Math.sqrt(
      means.reduce((sum, mean) => sum + (mean - middle) ** 2, 0) /
        (resamples - 1),
    ),
  };
}

/** The shares of the resampled means at which a BCa interval ends. */
function bcaEnds(
  values: readonly number[],
  means: Float64Array,
  { estimate, alpha }: { estimate: number; alpha: number },
): [number, number] {
  if (values.every((value) => value === values[0])) return [NaN, NaN];
  const below = means.reduce((count, mean) => count + +(mean < estimate), 0);
  const upTo = means.reduce((count, mean) => count + +(mean <= estimate), 0);
  const bias = normalQuantile((below + upTo) / (2 * means.length));
  // Leaving out value i moves the mean by (mean - value) / (n - 1); the
  // factor cancels.
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    squares += (value - estimate) ** 2;
    cubes += (value - estimate) ** 3;
  }
  const acceleration = cubes / (6 * squares ** 1.5);
  const end = (z: number) =>
    normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  const z = normalQuantile(alpha / 2);
  return [end(z), end(-z)];
}

/**
 * Running sums of the sampling ratios, for {@linkcode drawTask}: entry `k` is
 * the share of tasks `0..k` together. Weights need not sum to 1.
 *
 * @param weights Domain weights, shape `[K]`, each finite and ≥ 0, not all 0.
 * @returns Running sums, shape `[K]`, not falling, 1 from the last task on
 * that has a weight.
 * @throws {RangeError} If a weight is out of range or all are 0.
 *
 * @example Usage
 * ```ts
 * import { cumulativeShares } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(cumulativeShares([1, 0, 3]), [0.25, 0.25, 1]);
 * ```
 */
export function cumulativeShares(weights: readonly number[]): number[] {
  let total = 0;
  let lastDrawn = -1;
  weights.forEach((weight, k) => {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `Cannot sample: weights[${k}] must be finite and >= 0: got ${weight}`,
      );
    }
    total += weight;
    if (weight > 0) lastDrawn = k;
  });
  if (lastDrawn < 0 || total === Infinity) {
    throw new RangeError(
      `Cannot sample: weights must have a finite sum > 0: got ${total} for ${weights.length} weights`,
    );
  }
  let sum = 0;
  return weights.map((weight, k) => {
    sum += weight / total;
    // Rounding may leave the sum under 1; the last task takes that gap, so
    // that no draw falls through and none reaches a task of weight 0.
    return k >= lastDrawn ? 1 : Math.min(sum, 1);
  });
}

/**
 * The task that one uniform draw selects: the first `k` with
 * `shares[k] > uniform` (inverse of the cumulative distribution, spec section
 * 7). A task of weight 0 is never drawn.
 *
 * @param shares Running sums from {@linkcode cumulativeShares}, shape `[K]`.
 * @param uniform A draw in [0, 1).
 * @returns Domain id in [0, K).
 * @throws {RangeError} If the draw is out of range.
 *
 * @example Usage
 * ```ts
 * import { cumulativeShares, drawTask } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const shares = cumulativeShares([0.5, 0.3, 0.2]);
 * assert.deepEqual([0, 0.49, 0.5, 0.99].map((u) => drawTask(shares, u)), [0, 0, 1, 2]);
 * ```
 */
export function drawTask(shares: readonly number[], uniform: number): number {
  if (!(uniform >= 0 && uniform < 1)) {
    throw new RangeError(
      `Cannot draw a task: uniform must be in [0, 1): got ${uniform}`,
    );
  }
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shares[middle]! > uniform) high = middle;
    else low = middle + 1;
  }
  return low;
}

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

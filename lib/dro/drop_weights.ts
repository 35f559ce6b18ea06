/**
 * Leaves tasks out of a mixture that was learned before; the ratios among the
 * others stay, and ids close up: entry k of the result is the k-th task that
 * is left.
 *
 * @param weights Weights, shape `[K]`, each finite and ≥ 0; need not sum to 1.
 * @param ids Domain ids of the tasks to leave out, integers in [0, K).
 * @returns New weights, shape `[K − number of ids]`, sum 1.
 * @throws {RangeError} If an id or weight is out of range, or no task with a
 * weight is left.
 *
 * @example Usage
 * ```ts
 * import { dropWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(dropWeights([0.5, 0.125, 0.375], [0]), [0.25, 0.75]);
 * ```
 */
export function dropWeights(
  weights: readonly number[],
  ids: readonly number[],
): number[] {
  const bad = weights.findIndex((w) => !(w >= 0 && w < Infinity));
  if (bad >= 0) {
    fail(`weights[${bad}] must be finite and >= 0: got ${weights[bad]}`);
  }
  const stray = ids.find((id) =>
    !(Number.isInteger(id) && id >= 0 && id < weights.length)
  );
  if (stray !== undefined) {
    fail(`ids must be integers in [0, ${weights.length}): got ${stray}`);
  }
  const kept = weights.filter((_, k) => !ids.includes(k));
  const total = kept.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) {
    fail(
      `none of the ${kept.length} tasks that are left has a weight > 0; leave out fewer`,
    );
  }
  return kept.map((weight) => weight / total);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot drop weights: ${reason}`);
}

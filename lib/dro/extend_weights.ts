/** Options for {@linkcode extendWeights}. */
export interface ExtendWeightsOptions {
  /** Number of new tasks, an integer ≥ 1. */
  added: number;
  /**
   * Weight of the new tasks together, in (0, 1). Default: `added` over the
   * number of all tasks, so that each new one has the mean weight.
   */
  share?: number;
}

/**
 * Takes new tasks into a mixture that was learned before: they come after the
 * old ones and share their part evenly; the ratios among the old ones stay.
 * To learn the new weights alone, go on with {@linkcode stepWeights} and the
 * old ids as `frozen`.
 *
 * @param weights Weights, shape `[K]`, each finite and ≥ 0, not all 0; need
 * not sum to 1.
 * @param options How many tasks, and their share.
 * @returns New weights, shape `[K + added]`, sum 1.
 * @throws {RangeError} If a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { extendWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(extendWeights([0.75, 0.25], { added: 2 }), [
 *   0.375,
 *   0.125,
 *   0.25,
 *   0.25,
 * ]);
 * ```
 */
export function extendWeights(
  weights: readonly number[],
  { added, share }: ExtendWeightsOptions,
): number[] {
  if (!Number.isSafeInteger(added) || added < 1) {
    fail(`added must be an integer >= 1: got ${added}`);
  }
  const bad = weights.findIndex((w) => !(w >= 0 && w < Infinity));
  if (bad >= 0) {
    fail(`weights[${bad}] must be finite and >= 0: got ${weights[bad]}`);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) {
    fail(`at least one of the ${weights.length} weights must be > 0`);
  }
  const part = share ?? added / (weights.length + added);
  if (!(part > 0 && part < 1)) fail(`share must be in (0, 1): got ${part}`);
  return [
    ...weights.map((weight) => weight / total * (1 - part)),
    ...new Array<number>(added).fill(part / added),
  ];
}

function fail(reason: string): never {
  throw new RangeError(`Cannot extend weights: ${reason}`);
}

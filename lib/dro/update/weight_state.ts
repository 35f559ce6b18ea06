/**
 * Where the learning of domain weights stands: plain data that survives
 * `JSON.parse(JSON.stringify(state))` unchanged, so a checkpoint is one line.
 * K tasks; spec section 9.
 */
export interface WeightState {
  /** Weight updates so far (t). */
  updates: number;
  /** Micro-batches in `accumulated`, fewer than A. */
  pending: number;
  /** Sum of the task measures since the last update (h), shape `[K]`. */
  accumulated: number[];
  /**
   * Log-weights (u), the parameter, shape `[K]`; `null` for a task whose weight
   * is 0, and stays so.
   */
  logWeights: (number | null)[];
  /** Weights now, shape `[K]`; sum 1 from the first update on. */
  curr: number[];
  /** Mean of the weights after each update, shape `[K]`. */
  mean: number[];
  /** Exponential moving average, start weights included, shape `[K]`. */
  ema: number[];
  /**
   * What the last update ascended: averaged and clipped measures, shape `[K]`;
   * zeros before the first.
   */
  gradient: number[];
  /** First moment or momentum of the optimiser, shape `[K]`. */
  first: number[];
  /** Second moment of the optimiser, shape `[K]`. */
  second: number[];
}

/**
 * The state before the first micro-batch. As in the reference implementation
 * the given weights are kept as they are: `curr`, `mean` and `ema` need not
 * sum to 1 until the first update.
 *
 * @param weights Start weights, shape `[K]`, each finite and ≥ 0, not all 0. A
 * weight of 0 stays 0 for ever.
 * @returns The state.
 * @throws {RangeError} If a weight is out of range or all are 0.
 *
 * @example Usage
 * ```ts
 * import { initialWeightState } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const state = initialWeightState([0.5, 0.5]);
 * assert.deepEqual(state.curr, [0.5, 0.5]);
 * assert.equal(state.updates, 0);
 * ```
 */
export function initialWeightState(weights: readonly number[]): WeightState {
  const bad = weights.findIndex((weight) =>
    !(weight >= 0 && weight < Infinity)
  );
  if (bad >= 0) {
    throw new RangeError(
      `Cannot start from these weights: weights[${bad}] must be finite and >= 0: got ${
        weights[bad]
      }`,
    );
  }
  if (!weights.some((weight) => weight > 0)) {
    throw new RangeError(
      `Cannot start from these weights: at least one of the ${weights.length} must be > 0`,
    );
  }
  const zeros = () => weights.map(() => 0);
  return {
    updates: 0,
    pending: 0,
    accumulated: zeros(),
    logWeights: weights.map((weight) => weight > 0 ? Math.log(weight) : null),
    curr: [...weights],
    mean: [...weights],
    ema: [...weights],
    gradient: zeros(),
    first: zeros(),
    second: zeros(),
  };
}

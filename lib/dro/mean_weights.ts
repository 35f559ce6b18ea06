import type { WeightState } from "./update/weight_state.ts";

/**
 * The mean of several mixtures of the same tasks on the scale on which weights are
 * learned: the normalised geometric mean, a ∝ exp(mean of log aᵢ). Averaging n runs
 * of stage 1 with different seeds divides the noise of the weights by √n.
 *
 * @param mixtures Weights of each run, shape `[n][K]`, finite, ≥ 0.
 * @returns Weights, shape `[K]`, sum 1; 0 where a run has 0.
 * @throws {RangeError} If there is none, lengths differ, a weight is out of range, or
 * no task has a weight in all of them.
 *
 * @example Usage
 * ```ts
 * import { meanWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const [a, b] = meanWeights([[0.8, 0.2], [0.5, 0.5]]);
 * assert.ok(Math.abs(a! / b! - 2) < 1e-12); // √(4 · 1)
 * ```
 */
export function meanWeights(
  mixtures: readonly (readonly number[])[],
): number[] {
  const [first] = mixtures;
  if (!first) fail("there is none");
  for (const weights of mixtures) {
    if (weights.length !== first.length) {
      fail(`they have ${first.length} and ${weights.length} tasks`);
    }
    const bad = weights.find((weight) => !(weight >= 0 && weight < Infinity));
    if (bad !== undefined) fail(`a weight must be finite and >= 0: got ${bad}`);
  }
  const logs = first.map((_, k) =>
    mixtures.reduce((sum, weights) => sum + Math.log(weights[k]!), 0) /
    mixtures.length
  );
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  if (top === -Infinity) fail("no task has a weight in all of them");
  const grown = logs.map((log) => Math.exp(log - top));
  const total = grown.reduce((a, b) => a + b, 0);
  return grown.map((g) => g / total);
}

/**
 * A state whose weights, means and moving averages are those of several runs, each
 * averaged as {@linkcode meanWeights} does. It is a result: nothing can go on from it,
 * since what the optimiser remembers is the first run's.
 *
 * @param states Final state of each run, of the same tasks.
 * @returns The state.
 * @throws {RangeError} As {@linkcode meanWeights}.
 *
 * @example Usage
 * ```ts
 * import { initialWeightState, meanWeightState } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const runs = [[0.8, 0.2], [0.2, 0.8]].map((start) => initialWeightState(start));
 * assert.deepEqual(meanWeightState(runs).curr, [0.5, 0.5]);
 * ```
 */
export function meanWeightState(states: readonly WeightState[]): WeightState {
  const mean = (of: "curr" | "mean" | "ema") =>
    meanWeights(states.map((state) => state[of]));
  const curr = mean("curr");
  return {
    ...states[0]!,
    curr,
    mean: mean("mean"),
    ema: mean("ema"),
    logWeights: curr.map((weight) => weight > 0 ? Math.log(weight) : null),
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot average mixtures: ${reason}`);
}

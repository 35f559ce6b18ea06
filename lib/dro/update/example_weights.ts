/**
 * Weight of each example in the proxy's loss (spec section 10): the weight of
 * its task over the sum of that over the batch. The loss to differentiate is
 * `sum(q[i] * loss[i])` with these constants q, and the loss is the plain one,
 * not the measure that moves the weights. A task with c examples in the batch
 * thus has share c·a / sum: its number of examples and its weight multiply.
 *
 * @param weights Domain weights, shape `[K]`, e.g. `state.curr` after the step
 * of this micro-batch.
 * @param domains Domain id of each example, shape `[B]`.
 * @returns Weights, shape `[B]`, sum 1.
 * @throws {RangeError} If a domain id is out of range, or the batch is empty
 * or has only tasks of weight 0.
 *
 * @example Usage
 * ```ts
 * import { exampleWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(exampleWeights([0.6, 0.2], [0, 1, 1]), [0.6, 0.2, 0.2]);
 * ```
 */
export function exampleWeights(
  weights: readonly number[],
  domains: ArrayLike<number>,
): number[] {
  const result = new Array<number>(domains.length);
  let total = 0;
  for (let i = 0; i < domains.length; i++) {
    const weight = weights[domains[i]!];
    if (!(weight !== undefined && weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        weight === undefined
          ? `Cannot weigh examples: domains[${i}] must be an integer in [0, ${weights.length}): got ${
            domains[i]
          }`
          : `Cannot weigh examples: weights[${
            domains[i]
          }] must be finite and >= 0: got ${weight}`,
      );
    }
    total += result[i] = weight;
  }
  if (!(total > 0)) {
    throw new RangeError(
      `Cannot weigh examples: the weights of the ${domains.length} examples sum to 0; leave tasks of weight 0 out of the batches`,
    );
  }
  for (let i = 0; i < result.length; i++) result[i]! /= total;
  return result;
}

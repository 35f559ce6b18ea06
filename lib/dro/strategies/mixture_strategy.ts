import type { Strategy } from "./strategy.ts";

/** A mixture that is known before training: a rule from sizes to weights. */
export interface MixtureStrategy extends Strategy {
  /**
   * Domain weights for tasks of these sizes.
   *
   * @param sizes Training rows of each task, shape `[K]`.
   * @returns Weights, shape `[K]`, sum 1.
   */
  weights(sizes: readonly number[]): number[];
}

/**
 * Makes a strategy of a rule: it costs nothing and learns at once.
 *
 * @param rule Its description and its function.
 * @returns The strategy.
 *
 * @example Half of the data's share, half of the tasks'
 * ```ts
 * import { mixtureStrategy } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const half = mixtureStrategy({
 *   name: "half",
 *   formula: "(1/K + s / sum(s)) / 2",
 *   source: "this example",
 *   failsWhen: "never looked at",
 *   weights: (sizes) => {
 *     const total = sizes.reduce((a, b) => a + b, 0);
 *     return sizes.map((s) => (1 / sizes.length + s / total) / 2);
 *   },
 * });
 * assert.deepEqual(half.weights([300, 100]), [0.625, 0.375]);
 * assert.equal(half.cost, "0");
 * ```
 */
export function mixtureStrategy(
  rule: Omit<MixtureStrategy, "cost" | "learn">,
): MixtureStrategy {
  return {
    ...rule,
    cost: "0",
    // deno-lint-ignore require-yield
    async *learn({ sizes }) {
      return await Promise.resolve(rule.weights(sizes));
    },
  };
}

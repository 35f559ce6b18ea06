import { type MixtureStrategy, mixtureStrategy } from "./mixture_strategy.ts";
import { mixture } from "../../sampling/mod.ts";

/**
 * Weights given by hand, whatever the sizes.
 *
 * @param weights Weights, shape `[K]`, ≥ 0; need not sum to 1.
 * @returns The strategy; it throws for another number of tasks.
 *
 * @example Usage
 * ```ts
 * import { manualMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(manualMixture([1, 3]).weights([50, 50]), [0.25, 0.75]);
 * ```
 */
export function manualMixture(weights: readonly number[]): MixtureStrategy {
  return mixtureStrategy({
    name: `manual-${weights.join("/")}`,
    formula: "as given",
    source: "the user",
    failsWhen: "the user is wrong",
    weights: (sizes) => mixture(sizes, weights),
  });
}

import { type MixtureStrategy, mixtureStrategy } from "./mixture_strategy.ts";
import { mixture } from "../../sampling/mod.ts";

/**
 * Each task by its number of rows: what shuffling all data together gives.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { proportionalMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(proportionalMixture().weights([300, 100]), [0.75, 0.25]);
 * ```
 */
export function proportionalMixture(): MixtureStrategy {
  return mixtureStrategy({
    name: "proportional",
    formula: "s / sum(s)",
    source: "concatenation of all data",
    failsWhen: "one task is far larger than the rest, which then hardly count",
    weights: (sizes) => mixture(sizes, "proportional"),
  });
}

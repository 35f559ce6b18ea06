import { type MixtureStrategy, mixtureStrategy } from "./mixture_strategy.ts";
import { mixture } from "../../sampling/mod.ts";

/**
 * Every task alike, whatever its size: tDRO's own baseline.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { uniformMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(uniformMixture().weights([300, 100]), [0.5, 0.5]);
 * ```
 */
export function uniformMixture(): MixtureStrategy {
  return mixtureStrategy({
    name: "uniform",
    formula: "1 / K",
    source: "tDRO's baseline (arXiv 2408.10613)",
    failsWhen:
      "a small task is repeated until the model knows it by heart, or a useless task takes as much as a useful one",
    weights: (sizes) => mixture(sizes, "uniform"),
  });
}

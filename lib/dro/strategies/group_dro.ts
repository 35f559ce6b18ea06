import { lossStrategy } from "./loss_strategy.ts";
import type { WeightPreset } from "./weight_preset.ts";

/**
 * Group DRO: ascent on the plain loss; needs no reference model, and so goes
 * to the tasks that are hard for whatever reason. eta is the paper's.
 *
 * @returns The preset.
 *
 * @example Usage
 * ```ts
 * import { groupDro } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(groupDro().options.measure, "raw");
 * ```
 */
export function groupDro(): WeightPreset {
  return lossStrategy({
    name: "group-dro",
    formula: "a ← a · exp(eta · mean(l)) / Z",
    source: "group DRO (Sagawa et al. 2020, arXiv 1911.08731, algorithm 1)",
    reference: false,
    failsWhen:
      "the losses of the tasks aren't comparable: noisy or simply hard tasks take the weight, learnable or not",
    result: "curr",
    options: {
      measure: "raw",
      eta: 0.01,
      clip: "none",
      optimizer: "sgd",
      normalize: true,
    },
  });
}

import { lossStrategy } from "./loss_strategy.ts";
import type { WeightPreset } from "./weight_preset.ts";

/**
 * DoReMi: ascent on the excess loss over the reference, mixed with a little of
 * the uniform weights; the result is the mean over all steps. The paper's loss
 * is per token, here it is per example; eta and smoothing are the paper's.
 *
 * @returns The preset.
 *
 * @example Usage
 * ```ts
 * import { doremi } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(doremi().result, "mean");
 * ```
 */
export function doremi(): WeightPreset {
  return lossStrategy({
    name: "doremi",
    formula: "a ← (1 − c) · a · exp(eta · mean(max(l − r, 0))) / Z + c / K",
    source: "DoReMi (Xie et al. 2023, arXiv 2305.10429, algorithm 1)",
    reference: true,
    failsWhen:
      "a task's loss can't fall to its reference's for want of data or by noise: it takes all the weight",
    result: "mean",
    options: {
      measure: "difference",
      eta: 1,
      clip: "none",
      optimizer: "sgd",
      normalize: true,
      bounds: { smoothing: 1e-3 },
    },
  });
}

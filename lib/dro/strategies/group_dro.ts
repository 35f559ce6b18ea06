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
  return {
    name: "group-dro",
    formula: "a ← a · exp(eta · mean(l)) / Z",
    source: "group DRO (Sagawa et al. 2020, arXiv 1911.08731, algorithm 1)",
    result: "curr",
    options: {
      measure: "raw",
      eta: 0.01,
      clip: "none",
      optimizer: "sgd",
      normalize: true,
    },
  };
}

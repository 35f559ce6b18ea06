import type { StepWeightsOptions } from "../update/step_weights.ts";
import { doremi } from "./doremi.ts";
import { groupDro } from "./group_dro.ts";
import type { Strategy } from "./strategy.ts";
import { tdro } from "./tdro.ts";

/**
 * A published method of learning weights from losses: options for
 * `stepWeights`, with a the weights, l the proxy's and r the reference's loss.
 */
export interface WeightPreset extends Strategy {
  /** Which weights of the final state are the method's result. */
  result: "curr" | "mean";
  /** Options for `stepWeights`. */
  options: StepWeightsOptions;
}

/** Name of a preset. */
export type WeightPresetName =
  | "tdro"
  | "tdro-ratio-of-means"
  | "doremi"
  | "group-dro";

/**
 * The preset of a name, for configuration files and command lines.
 *
 * @param name The name.
 * @returns The preset.
 * @throws {RangeError} If there is no such preset.
 *
 * @example Usage
 * ```ts
 * import { weightPreset } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(weightPreset("doremi").options.measure, "difference");
 * assert.equal(weightPreset("tdro").options.eta, 0.02);
 * ```
 */
export function weightPreset(name: WeightPresetName): WeightPreset {
  switch (name) {
    case "tdro":
      return tdro();
    case "tdro-ratio-of-means":
      return tdro({ measure: "ratio-of-means" });
    case "doremi":
      return doremi();
    case "group-dro":
      return groupDro();
    default:
      throw new RangeError(
        `Cannot find a weight preset: name must be one of tdro, tdro-ratio-of-means, doremi, group-dro: got ${name}`,
      );
  }
}

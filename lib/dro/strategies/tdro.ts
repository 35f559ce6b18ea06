import { lossStrategy } from "./loss_strategy.ts";
import type { WeightPreset } from "./weight_preset.ts";

/** Options for {@linkcode tdro}. */
export interface TdroOptions {
  /**
   * The released code's measure (per example, after a normalisation over the
   * batch) or the paper's (ratio of means per task). They can weigh tasks very
   * differently; spec section 19. @default {"released"}
   */
  measure?: "released" | "ratio-of-means";
  /**
   * Batch size at which the floor of the reference losses holds, an integer ≥ 1; for
   * `"released"` alone, see `measureLosses()`. @default {the batch's own size}
   */
  floorAsAt?: number;
}

/**
 * tDRO: exponentiated-gradient ascent on relative losses, whose vector is
 * clipped to length 1, eta 0.02. The released run accumulates over 4
 * micro-batches; add `accumulate: 4` for that. `learn` takes longer steps where
 * it has fewer than the released run's 1000.
 *
 * @param options Which measure, and its floor.
 * @returns The preset.
 *
 * @example Usage
 * ```ts
 * import { tdro } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(tdro().options.measure, "released");
 * assert.equal(tdro({ measure: "ratio-of-means" }).options.measure, "ratio-of-means");
 * ```
 */
export function tdro(
  { measure = "released", floorAsAt }: TdroOptions = {},
): WeightPreset {
  const ratio = measure === "ratio-of-means";
  if (ratio && floorAsAt !== undefined) {
    throw new RangeError(
      "Cannot learn weights by tdro: floorAsAt has no meaning for the measure ratio-of-means; leave it out",
    );
  }
  return lossStrategy({
    name: ratio
      ? "tdro-ratio-of-means"
      : floorAsAt === undefined
      ? "tdro"
      : `tdro-as-at-${floorAsAt}`,
    formula: `a ← a · exp(eta · clip(${
      ratio ? "mean(l) / mean(r)" : "mean(l / (r / sum(r)))"
    })) / Z${floorAsAt === undefined ? "" : `, floor as at ${floorAsAt}`}`,
    source: "tDRO (arXiv 2408.10613)",
    reference: true,
    failsWhen: ratio
      ? "a reference's losses on a task are near 0, so that the ratio is noise"
      : "some tasks have many easy examples: after the batch's normalisation those count about nothing (spec S9)",
    result: "curr",
    // As far a way as the released run's 1000 steps of 0.02; 0.25 is the
    // reference code's default.
    eta: (steps) => Math.min(0.25, 20 / steps),
    options: {
      measure,
      pNorm: 1,
      floorAsAt,
      eta: 0.02,
      clip: { by: "norm", max: 1 },
      optimizer: "sgd",
      normalize: true,
    },
  });
}

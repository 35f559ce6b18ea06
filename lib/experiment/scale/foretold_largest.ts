import { mean } from "../../base/mean.ts";
import {
  fitScaling,
  type FitScalingOptions,
  foretell,
  hasLaw,
  type ScalingPoint,
  type WithInterval,
} from "./fit_scaling.ts";

/** A training of the largest size beside what the smaller ones foretell. */
export interface ForetoldTraining extends ScalingPoint, WithInterval {
  /**
   * Loss of the next smaller size on the same data, the mean over its seeds: what a
   * law that knew nothing would say. Absent where that wasn't trained.
   */
  smaller?: number;
}

/**
 * Puts a law to the test: fits it without the largest size, and foretells that size's
 * trainings. The interval is the law's own; a training scatters around it.
 *
 * @param points The trainings.
 * @param options Samples and coverage of the bootstrap.
 * @returns The trainings of the largest size; none if the others are too few for a law.
 *
 * @example Usage
 * ```ts
 * import { foretoldLargest } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const points = [1e4, 1e5, 1e6, 1e7, 1e8].map((parameters) => ({
 *   parameters, data: 1e4, loss: 1 + 30 * parameters ** -0.4,
 * }));
 * const [largest] = foretoldLargest(points, { resamples: 20 });
 * assert.equal(largest!.parameters, 1e8);
 * assert.ok(Math.abs(largest!.value - largest!.loss) < 1e-3);
 * assert.equal(largest!.smaller, points[3]!.loss);
 * ```
 */
export function foretoldLargest(
  points: readonly ScalingPoint[],
  options: FitScalingOptions = {},
): ForetoldTraining[] {
  const [largest, next] = [
    ...new Set(points.map(({ parameters }) => parameters)),
  ].sort((a, b) => b - a);
  const held = points.filter(({ parameters }) => parameters === largest);
  const rest = points.filter(({ parameters }) => parameters !== largest);
  if (!hasLaw(rest)) return [];
  const fit = fitScaling(rest, options);
  return held.map(({ parameters, data, loss }) => {
    const { value, interval } = foretell(fit, { parameters, data });
    const before = rest.filter((point) =>
      point.parameters === next && point.data === data
    );
    return {
      parameters,
      data,
      loss,
      value,
      interval,
      ...before.length > 0 && {
        smaller: mean(before.map((point) => point.loss)),
      },
    };
  });
}

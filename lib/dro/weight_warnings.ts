import {
  followsReference,
  notSettled,
  referenceNearZero,
} from "./warnings/learning_warnings.ts";
import { manyPasses, oneHot } from "./warnings/mixture_warnings.ts";
import { seedsDiffer, withinChance } from "./warnings/noise_warnings.ts";
import type {
  WeightLimits,
  WeightReport,
  WeightWarning,
} from "./warnings/weight_report.ts";

/**
 * Guard rails for learned weights, each with the number behind it: nearly all
 * weight on one task; still moving at the end; a reference loss so near 0 that
 * ratios to it mean little; weights that rank the tasks by how hard they are, not by
 * where the proxy lags; a small task repeated very often; seeds that give other
 * weights, or another order of the tasks; most weights where chance alone would have
 * put them.
 *
 * @param report The weights and what is known about them; what is absent isn't
 * checked.
 * @param limits Where to warn.
 * @returns Warnings, none if all is well.
 *
 * @example Usage
 * ```ts
 * import { weightWarnings } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const report = { weights: [0.9, 0.1], sizes: [100, 10_000], examples: 5_000 };
 * const [warning] = weightWarnings(report);
 * assert.equal(warning!.kind, "many-passes");
 * assert.equal(warning!.domain, 0);
 * assert.equal(warning!.value, 45);
 * assert.deepEqual(weightWarnings({ ...report, weights: [0.1, 0.9] }), []);
 * ```
 */
export function weightWarnings(
  report: WeightReport,
  limits: WeightLimits = {},
): WeightWarning[] {
  return [
    ...oneHot(report, limits),
    ...notSettled(report, limits),
    ...referenceNearZero(report, limits),
    ...followsReference(report, limits),
    ...manyPasses(report, limits),
    ...seedsDiffer(report, limits),
    ...withinChance(report, limits),
  ];
}

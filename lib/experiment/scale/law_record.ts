import type { ScaleResult } from "./scale.ts";

/**
 * What a grid came to, as plain data: `law.json` and `tdro scale --json` have it.
 *
 * @param result The grid.
 * @returns Its trainings and steps and, if there is a law, that with all but its samples.
 *
 * @example Usage
 * ```ts
 * import { fitScaling, lawRecord, lossesThatRise } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const points = [1e5, 1e6, 1e7, 1e8].map((parameters) => ({
 *   parameters, data: 1e4, loss: 1 + 30 * parameters ** -0.4,
 * }));
 * const record = lawRecord({
 *   cells: [],
 *   steps: lossesThatRise(points),
 *   fit: fitScaling(points, { resamples: 20 }),
 * });
 * assert.deepEqual(record.open, []);
 * ```
 */
export function lawRecord(
  { cells, steps, fit, foretold }: Omit<ScaleResult, "folder">,
): Record<string, unknown> {
  return {
    cells,
    steps,
    ...fit && {
      law: fit.law,
      intervals: fit.intervals,
      error: fit.error,
      open: fit.open,
      measured: fit.measured,
      foretold,
    },
  };
}

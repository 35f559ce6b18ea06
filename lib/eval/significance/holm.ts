/**
 * Adjusts p-values of several tests at once by Holm's step-down method, so that
 * rejecting those at most alpha keeps the chance of any false rejection within
 * alpha: the r-th smallest of m (from 0) becomes the running maximum of
 * min(1, (m - r) p).
 *
 * @param pValues p-values, each in [0, 1].
 * @returns Adjusted p-values, in the same order.
 * @throws {RangeError} If a value isn't in [0, 1].
 *
 * @example Usage
 * ```ts
 * import { holm } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(holm([0.01, 0.5, 0.02]), [0.03, 0.5, 0.04]);
 * ```
 */
export function holm(pValues: readonly number[]): number[] {
  const wrong = pValues.findIndex((p) => !(p >= 0 && p <= 1));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot adjust p-values: pValues[${wrong}] must be in [0, 1]: got ${
        pValues[wrong]
      }`,
    );
  }
  const order = pValues.map((_, i) => i)
    .sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(pValues.length);
  let most = 0;
  order.forEach((i, r) => {
    most = Math.max(most, Math.min(1, (pValues.length - r) * pValues[i]!));
    adjusted[i] = most;
  });
  return adjusted;
}

import { type WeightFile, weightFile } from "./files/weight_file.ts";

/**
 * Selects the tasks of largest weight, tDRO's "dataset selection" (spec section
 * 11): the m = floor(K · percent / 100) largest, in descending order; of equal
 * weights the lower id first.
 *
 * Given a file, the selected tasks get the ids 0..m−1 in that order and the
 * weight 1/m each, and `epochs` is about the selected tasks only. m = 0 gives
 * an empty file.
 *
 * @param from A weight file, or weights of shape `[K]`.
 * @param percent Share of the tasks to keep, in [0, 100].
 * @returns A new file, or the selected domain ids, shape `[m]`.
 * @throws {RangeError} If the percentage or a weight is out of range.
 *
 * @example Usage
 * ```ts
 * import { selectTop, weightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(selectTop([0.1, 0.6, 0.1, 0.2], 75), [1, 3, 0]);
 *
 * const names = ["a", "b", "c"];
 * const file = weightFile({ names, weights: [0.2, 0.3, 0.5], sizes: [1, 1, 2] });
 * const top = selectTop(file, 70);
 * assert.deepEqual(top.names, ["c", "b"]);
 * assert.deepEqual(top.weights, [0.5, 0.5]);
 * ```
 */
export function selectTop(from: WeightFile, percent: number): WeightFile;
/**
 * Selects the tasks of largest weight from bare weights.
 *
 * @param from Weights, shape `[K]`.
 * @param percent Share of the tasks to keep, in [0, 100].
 * @returns Domain ids of the selected tasks, heaviest first, shape `[m]`.
 * @throws {RangeError} If the percentage or a weight is out of range.
 */
export function selectTop(from: readonly number[], percent: number): number[];
export function selectTop(
  from: WeightFile | readonly number[],
  percent: number,
): WeightFile | number[] {
  if ("weights" in from) {
    const places = order(from.weights, from.ids, percent);
    return weightFile({
      names: places.map((k) => from.names[k]!),
      weights: places.map(() => 1 / places.length),
      sizes: places.map((k) => from.sizes[k]!),
    });
  }
  return order(from, from.map((_, k) => k), percent);
}

/** Places of the selected tasks, heaviest first. */
function order(
  weights: readonly number[],
  ids: readonly number[],
  percent: number,
): number[] {
  if (!(percent >= 0 && percent <= 100)) {
    throw new RangeError(
      `Cannot select tasks: percent must be in [0, 100]: got ${percent}`,
    );
  }
  const bad = weights.findIndex((weight) =>
    !(weight >= 0 && weight < Infinity)
  );
  if (bad >= 0) {
    throw new RangeError(
      `Cannot select tasks: weights[${bad}] must be finite and >= 0: got ${
        weights[bad]
      }`,
    );
  }
  const count = Math.floor(weights.length * percent / 100);
  return weights.map((_, k) => k)
    .sort((a, b) => weights[b]! - weights[a]! || ids[a]! - ids[b]!)
    .slice(0, count);
}

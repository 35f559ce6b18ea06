import type { Embeddings } from "../../model/types.ts";

/**
 * The range of each component: what 8-bit vectors are steps of. As in
 * sentence-transformers, the least and the largest value among the vectors at hand;
 * those of other vectors that lie outside are cut off.
 */
export interface QuantisationRanges {
  /** Least value of each component, shape `[D]`. */
  low: Float32Array;
  /** Largest value of each component, shape `[D]`. */
  high: Float32Array;
}

/**
 * Measures the range of each component.
 *
 * @param vectors Vectors to calibrate on, in one piece or several.
 * @returns Least and largest values.
 * @throws {RangeError} If there is no vector, a value isn't finite, or the
 * pieces differ in their dimension.
 *
 * @example Usage
 * ```ts
 * import { quantisationRanges } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const { low, high } = quantisationRanges({
 *   data: Float32Array.of(1, 5, 3, 2),
 *   count: 2,
 *   dimension: 2,
 * });
 * assert.deepEqual([[...low], [...high]], [[1, 2], [3, 5]]);
 * ```
 */
export function quantisationRanges(
  vectors: Embeddings | readonly Embeddings[],
): QuantisationRanges {
  const parts = "data" in vectors ? [vectors] : vectors;
  const dimension = parts.find(({ count }) => count > 0)?.dimension;
  if (dimension === undefined) {
    throw new RangeError(
      "Cannot calibrate: there must be a vector to measure ranges on: got none",
    );
  }
  const low = new Float32Array(dimension).fill(Infinity);
  const high = new Float32Array(dimension).fill(-Infinity);
  for (const { data, count, dimension: now } of parts) {
    if (count > 0 && now !== dimension) {
      throw new RangeError(
        `Cannot calibrate: vectors must have the same dimension, ${dimension}: got ${now}`,
      );
    }
    for (let at = 0; at < count * dimension; at += dimension) {
      for (let d = 0; d < dimension; d++) {
        const value = data[at + d]!;
        if (!Number.isFinite(value)) {
          throw new RangeError(
            `Cannot calibrate: values must be finite: got ${value} at dimension ${d}`,
          );
        }
        if (value < low[d]!) low[d] = value;
        if (value > high[d]!) high[d] = value;
      }
    }
  }
  return { low, high };
}

/** The size of a step of each component, `(high - low) / 255`, in float32. */
export function rangeSteps({ low, high }: QuantisationRanges): Float32Array {
  return low.map((start, d) => Math.fround(high[d]! - start) / 255);
}

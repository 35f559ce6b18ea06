import { nativeSearch } from "../native_state.ts";
import { lengthOf } from "./error_bound.ts";
import { candidatesAmong, type Searched, wholeNumbers } from "./native_rows.ts";
import { nativeStepScores } from "./native_scores.ts";
import type { NearestRows } from "./nearest_rows.ts";

/**
 * Vectors of 8 bits, row-major: a value stands for `first[d] + value · size[d]`,
 * rounded to float32.
 */
export interface StepMatrix {
  /** Values, shape `[count, dimension]`. */
  data: Int8Array;
  /** Number of vectors. */
  count: number;
  /** Length of each. */
  dimension: number;
  /** What 0 stands for, shape `[dimension]`. */
  first: Float32Array;
  /** Size of a step, shape `[dimension]`. */
  size: Float32Array;
}

/**
 * As `nearestRows`, for vectors of 8 bits: they are searched as they are, by
 * products of whole numbers.
 *
 * @param matrix What to search.
 * @returns The rows; nothing where kernels aren't compiled.
 *
 * @example Usage
 * ```ts
 * import { nearestSteps, useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const rows = nearestSteps({
 *   data: Int8Array.of(0, 100, 50, 0, 50, 0),
 *   count: 3,
 *   dimension: 2,
 *   first: Float32Array.of(0, 0),
 *   size: Float32Array.of(0.01, 0.01),
 * })!;
 * const query = { data: Float32Array.of(1, 0), count: 1, dimension: 2 };
 * const [found] = await rows.candidates(query, 1, [-Infinity]);
 * assert.deepEqual([...found!].sort(), [1, 2]);
 * ```
 */
export function nearestSteps(matrix: StepMatrix): NearestRows | undefined {
  if (!nativeSearch()) return;
  const searched = searchedSteps(matrix);
  return {
    candidates: (queries, k, bars) =>
      candidatesAmong(searched, queries, { k, bars }),
    scores: (queries, found) => nativeStepScores(queries, matrix, found),
    dispose: () => {},
  };
}

/** The largest sum: whole numbers of 32 bits hold it, and its rounding. */
const MOST = 2 ** 30;

/**
 * The product with what bytes stand for is that of the query's numbers times the
 * sizes of steps with the bytes, and the query's product with `first`. Of a query
 * the former are rounded to whole numbers of 16 bits; bytes are such already.
 */
function searchedSteps(
  { data, count, dimension, first, size }: StepMatrix,
): Searched {
  // Lengths that no row exceeds: of its bytes, and of what they stand for.
  const bytes = 128 * Math.sqrt(dimension);
  const most = lengthOf(
    first.map((start, d) => Math.abs(start) + 128 * size[d]!),
    0,
    dimension,
  );
  return {
    rows: { data, count, dimension, look: "int8", scale: 1 },
    ask(queries) {
      const { count, data } = queries;
      const values = new Float32Array(count * dimension);
      const units = new Float64Array(count);
      const errors = new Float64Array(count);
      const offsets = new Float64Array(count);
      const steps = new Float64Array(count * dimension);
      for (let q = 0; q < count; q++) {
        const at = q * dimension;
        let largest = 0;
        for (let d = 0; d < dimension; d++) {
          const x = data[at + d]!;
          steps[at + d] = x * size[d]!;
          offsets[q]! += x * first[d]!;
          largest = Math.max(largest, Math.abs(steps[at + d]!));
        }
        const length = lengthOf(steps, at, dimension);
        const up = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(
          Math.min(32767 / largest, MOST / (length * bytes)),
        ));
        const moved = wholeNumbers(steps, up, { at, dimension, out: values });
        units[q] = 1 / up;
        errors[q] = stepError({
          moved: moved * bytes,
          length: lengthOf(data, at, dimension),
          most,
        });
      }
      return { values, units, errors, offsets };
    },
  };
}

/**
 * How far a score may be off: by the rounding of the query, by that of what bytes
 * stand for to float32, and by that of scores beside the part that all have.
 * Infinite where numbers would leave float32, so that nothing is left out.
 */
function stepError(
  { moved, length, most }: { moved: number; length: number; most: number },
): number {
  const product = length * most;
  if (product === 0) return 0;
  if (!(product > 1e-25 && product < 1e30)) return Infinity;
  return 1.01 * (moved + 2 ** -21 * product);
}

import {
  nativeLongestRow,
  nativeScoreRows,
  nativeScoreSteps,
} from "../native_state.ts";
import { lengthOf } from "./error_bound.ts";
import type { StepMatrix } from "./nearest_steps.ts";
import type { RowMatrix } from "./nearest_rows.ts";

/**
 * Inner products of queries with rows, in the compiled kernel.
 *
 * @param queries Query vectors.
 * @param data The rows they may be compared with.
 * @param found For each query the numbers of some.
 * @returns For each query their scores; nothing where it isn't compiled.
 */
export function nativeScores(
  queries: RowMatrix,
  data: Float32Array,
  found: readonly Int32Array[],
): Float32Array[] | undefined {
  const score = nativeScoreRows();
  return score && scored(found, (...lists) =>
    score(
      queries.data as Float32Array<ArrayBuffer>,
      data as Float32Array<ArrayBuffer>,
      ...lists,
      queries.count,
      queries.dimension,
    ));
}

/** The same with rows of steps. */
export function nativeStepScores(
  queries: RowMatrix,
  { data, first, size }: StepMatrix,
  found: readonly Int32Array[],
): Float32Array[] | undefined {
  const score = nativeScoreSteps();
  return score && scored(found, (...lists) =>
    score(
      queries.data as Float32Array<ArrayBuffer>,
      data as Int8Array<ArrayBuffer>,
      Float32Array.of(...first, ...size),
      ...lists,
      queries.count,
      queries.dimension,
    ));
}

type Ints = Int32Array<ArrayBuffer>;

function scored(
  found: readonly Int32Array[],
  score: (which: Ints, starts: Ints, out: Float32Array<ArrayBuffer>) => void,
): Float32Array[] {
  const starts = new Int32Array(found.length + 1);
  found.forEach((rows, q) => starts[q + 1] = starts[q]! + rows.length);
  const which = new Int32Array(starts[found.length]!);
  found.forEach((rows, q) => which.set(rows, starts[q]));
  const out = new Float32Array(which.length);
  score(which, starts, out);
  return found.map((_, q) => out.subarray(starts[q], starts[q + 1]));
}

/** Largest length of a row; rounded. */
export function longestRow({ data, count, dimension }: RowMatrix): number {
  const call = nativeLongestRow();
  if (call) return call(data as Float32Array<ArrayBuffer>, count, dimension);
  let most = 0;
  for (let row = 0; row < count; row++) {
    most = Math.max(most, lengthOf(data, row * dimension, dimension));
  }
  return most;
}

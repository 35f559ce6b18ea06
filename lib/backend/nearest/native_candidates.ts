import * as tf from "@tensorflow/tfjs-core";
import type { CandidateList } from "./candidate_list.ts";
import { nativeScoreRows, runNative } from "../run_native.ts";
import { BLOCK, type ScoreBlock } from "./score_blocks.ts";
import type { RowMatrix } from "./nearest_rows.ts";

/** Which rows the blocks of scores are of. */
interface Span {
  /** Number of the first row. */
  first: number;
  /** Number of rows, without those that fill the last block up. */
  rows: number;
  /** Bytes of a score. */
  scoreBytes: number;
}

/**
 * Puts rows on the lists by the compiled kernel `TdroNearest`: all that may be
 * among the k nearest, and perhaps a few more, as `nearest_rows.ts` does by the
 * backend's own means.
 */
export function nativeCandidates(
  blocks: readonly ScoreBlock[],
  lists: readonly CandidateList[],
  { first, rows, scoreBytes }: Span,
): void {
  const { k, relative } = lists[0]!;
  const last = rows - (blocks.length - 1) * BLOCK;
  const [sizes, found, scores] = tf.tidy(() =>
    runNative("TdroNearest", {
      inputs: [
        tf.tensor1d(lists.map((list) => roundedDown(list.floor))),
        tf.tensor1d(lists.map((list) => list.error * MORE)),
        ...blocks.map((block) => block.raw()),
      ],
      list: true,
      settings: [k, relative * MORE, last, scoreBytes],
      outputs: 3,
    }).map((result) => result.dataSync<"float32">() as Float32Array)
  ) as unknown as Float32Array[];
  const counts = wholeNumbers(sizes!);
  const numbers = wholeNumbers(found!);
  let at = 0;
  for (const [q, list] of lists.entries()) {
    for (const end = at + counts[q]!; at < end; at++) {
      list.add(first + numbers[at]!, scores![at]!);
    }
  }
}

/** More than rounding to float32 can take away. */
const MORE = 1 + 2 ** -20;

/** A float32 that isn't above it. */
function roundedDown(floor: number): number {
  const near = Math.fround(floor);
  return near > floor ? near - Math.abs(near) * 2 ** -23 - 2 ** -149 : near;
}

/** Whole numbers that came as the floats that have their bits. */
function wholeNumbers(bits: Float32Array): Int32Array {
  const { buffer, byteOffset, length } = bits;
  return new Int32Array(buffer, byteOffset, length);
}

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
  if (!score) return;
  const starts = new Int32Array(found.length + 1);
  found.forEach((rows, q) => starts[q + 1] = starts[q]! + rows.length);
  const which = new Int32Array(starts[found.length]!);
  found.forEach((rows, q) => which.set(rows, starts[q]));
  const out = new Float32Array(which.length);
  score(
    queries.data as Float32Array<ArrayBuffer>,
    data as Float32Array<ArrayBuffer>,
    which,
    starts,
    out,
    queries.count,
    queries.dimension,
  );
  return found.map((_, q) => out.subarray(starts[q], starts[q + 1]));
}

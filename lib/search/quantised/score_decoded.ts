import type { Embeddings } from "../../model/types.ts";
import { scoreRows } from "../exact/score_rows.ts";

/** Exact scores of a query with rows that were made numbers for it. */
export function scoreDecoded(
  query: Float32Array, // [D]
  { data, count, dimension }: Embeddings,
): Float32Array {
  const scores = new Float32Array(count);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  scoreRows(query, data, all, dimension, scores);
  return scores;
}

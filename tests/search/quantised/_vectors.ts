import type { Embeddings } from "../../../lib/model/types.ts";

/** Vectors of rows of numbers. */
export function vectorsOf(rows: readonly (readonly number[])[]): Embeddings {
  return {
    data: Float32Array.from(rows.flat()),
    count: rows.length,
    dimension: rows[0]!.length,
  };
}

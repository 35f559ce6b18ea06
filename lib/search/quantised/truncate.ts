import type { Embeddings } from "../../model/types.ts";

/** Options for {@linkcode truncate}. */
export interface TruncateOptions {
  /** Divide what is left by its norm. @default {true} */
  normalize?: boolean;
}

/**
 * The first components of each vector: what a model trained for it (Matryoshka)
 * makes good short vectors of.
 *
 * @param embeddings The vectors; they aren't changed.
 * @param dim Components to keep, from 1 to all.
 * @param options Whether they are normalised again.
 * @returns Vectors of that length; the very same where none is taken away.
 * @throws {RangeError} If `dim` is out of range.
 *
 * @example Usage
 * ```ts
 * import { truncate } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const vectors = { data: Float32Array.of(3, 4, 12), count: 1, dimension: 3 };
 * const { data } = truncate(vectors, 2);
 * assert.deepEqual([...data], [Math.fround(0.6), Math.fround(0.8)]);
 * ```
 */
export function truncate(
  embeddings: Embeddings,
  dim: number,
  { normalize = true }: TruncateOptions = {},
): Embeddings {
  const { data, count, dimension } = embeddings;
  if (!Number.isInteger(dim) || dim < 1 || dim > dimension) {
    throw new RangeError(
      `Cannot truncate: dim must be an integer from 1 to ${dimension}, the vectors' length: got ${dim}`,
    );
  }
  if (dim === dimension) return embeddings;
  const out = new Float32Array(count * dim);
  for (let row = 0; row < count; row++) {
    let square = 0;
    for (let d = 0; d < dim; d++) square += data[row * dimension + d]! ** 2;
    const factor = normalize && square > 0 ? 1 / Math.sqrt(square) : 1;
    for (let d = 0; d < dim; d++) {
      out[row * dim + d] = data[row * dimension + d]! * factor;
    }
  }
  return { data: out, count, dimension: dim };
}

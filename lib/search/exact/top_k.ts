import type { Embeddings } from "../../model/types.ts";
import { earlierRow } from "./ranked_heap.ts";
import { searchChunks } from "./search_chunks.ts";

/**
 * Scores each query against each passage: queries `[Q, D]` and passages
 * `[P, D]` to scores `[Q, P]`, row-major. The default is plain JavaScript; a
 * matrix product on a faster backend fits here.
 */
export type MultiplyFunction = (
  queries: Embeddings,
  passages: Embeddings,
) => Float32Array | Promise<Float32Array>;

/** Passages that were made ready for many queries, on a device for instance. */
export interface PreparedPassages {
  /**
   * Finds, for each query, rows among which are surely all whose inner product
   * with it is one of the k largest and at least its bar, equal ones included.
   * Their scores are then computed here, so that what is found doesn't depend
   * on the device's rounding.
   */
  candidates(
    queries: Embeddings,
    k: number,
    bars: ArrayLike<number>,
  ): Promise<Int32Array[]>;
  /**
   * Inner products with what was found, summed over the dimensions in order, in
   * float64, and rounded to float32 once: if it can, for speed.
   */
  scores?(
    queries: Embeddings,
    found: readonly Int32Array[],
  ): Float32Array[] | undefined;
  /** Frees what they hold. */
  dispose(): void;
}

/** Makes passages ready; `nearestRows` of the backend room is one. */
export type PrepareFunction = (passages: Embeddings) => PreparedPassages;

/** Options for {@linkcode topK} and {@linkcode exactSearch}. */
export interface ExactSearchOptions {
  /** Number of passages to keep for each query, an integer ≥ 1. */
  k: number;
  /**
   * Computes the scores of blocks of at most 1,024 queries and 8,192 passages.
   * @default {plain JavaScript, summed in float64, rounded to float32}
   */
  multiply?: MultiplyFunction;
  /**
   * Preselects passages, chunk by chunk; the result is to the bit that of plain
   * JavaScript, and `multiply` isn't called. `nearestRows` of the backend room
   * serves, and is some 30 times as fast.
   *
   * @default none
   */
  prepare?: PrepareFunction;
  /**
   * Precision of the vectors: `"bf16"` rounds them first, so that the scores
   * are those of a store in bfloat16. @default {"f32"}
   */
  dtype?: "f32" | "bf16";
  /** Stops the search at the next block. */
  signal?: AbortSignal;
  /** Called with the number of passages searched so far. */
  onProgress?: (passages: number) => void;
}

/** Ranked rows of a corpus, one list for each query. */
export interface RankedRows {
  /** Row numbers of the passages, from 0, best first. */
  rows: Int32Array;
  /** Their scores; the order of `rows`. */
  scores: Float32Array;
}

/**
 * Exhaustive search by inner product, by row number: every query is compared
 * with every passage. At equal scores (float32) the earlier row comes first, and is
 * kept at the cut; {@linkcode exactSearch} breaks ties by id instead, the way
 * runs and metrics do.
 *
 * @param queries Query vectors, shape `[Q, D]`.
 * @param passages Passage vectors, shape `[P, D]`, whole or in chunks that are
 * forgotten once searched; rows are counted through all chunks.
 * @param options How many to keep.
 * @returns For each query, its `min(k, P)` best rows.
 * @throws {RangeError} If k < 1, the dimensions differ, or a value isn't finite.
 *
 * @example Usage
 * ```ts
 * import { topK } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const queries = { data: Float32Array.of(1, 0), count: 1, dimension: 2 };
 * const passages = {
 *   data: Float32Array.of(0, 1, 0.5, 0, 0.5, 0),
 *   count: 3,
 *   dimension: 2,
 * };
 * const [best] = await topK(queries, passages, { k: 2 });
 * assert.deepEqual([...best!.rows], [1, 2]);
 * assert.deepEqual([...best!.scores], [0.5, 0.5]);
 * ```
 */
export async function topK(
  queries: Embeddings,
  passages: Embeddings | Iterable<Embeddings> | AsyncIterable<Embeddings>,
  options: ExactSearchOptions,
): Promise<RankedRows[]> {
  const whole = "data" in passages ? [passages] : passages;
  const heaps = await searchChunks(
    { embeddings: queries },
    chunksOf(whole),
    { ...options, tie: earlierRow },
  );
  return heaps.map((heap) => {
    const { rows, scores } = heap.ranked();
    return { rows, scores: Float32Array.from(scores) };
  });
}

async function* chunksOf(
  parts: Iterable<Embeddings> | AsyncIterable<Embeddings>,
): AsyncGenerator<{ embeddings: Embeddings }> {
  for await (const embeddings of parts) yield { embeddings };
}

// What several rooms take where nothing else is said. Help texts, schemas and
// documentation get the numbers from here.

/** Maximum tokens of a query, its prompt and special tokens included. */
export const DEFAULT_QUERY_LENGTH = 128;

/** Maximum tokens of a passage, special tokens included. */
export const DEFAULT_PASSAGE_LENGTH = 256;

/** What the scores are divided by in a loss: sentence-transformers' scale of 20. */
export const DEFAULT_TEMPERATURE = 0.05;

/**
 * Largest matrix of scores of a loss that is held in memory, in MiB: 1,024 queries
 * with two passages each. What is made of it on the way takes ten to twenty times as
 * much.
 */
export const DEFAULT_SCORE_MB = 8;

/**
 * Largest batch. The rows of one are in memory as texts, and more queries than these
 * are a slip of the hand: the largest batches of published retrievers have 65,536.
 */
export const LARGEST_BATCH = 1_048_576;

/**
 * Maximum tokens of queries and passages in the published evaluations, instruction
 * and special tokens included (spec section 16).
 *
 * @example Usage
 * ```ts
 * import { BENCHMARK_LENGTHS } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * // encodeFunction(encoder, BENCHMARK_LENGTHS) is what evaluateBeir() wants.
 * assert.deepEqual(BENCHMARK_LENGTHS, { queryLength: 128, passageLength: 512 });
 * ```
 */
export const BENCHMARK_LENGTHS: {
  readonly queryLength: number;
  readonly passageLength: number;
} = { queryLength: 128, passageLength: 512 };

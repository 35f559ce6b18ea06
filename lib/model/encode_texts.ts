import * as tf from "@tensorflow/tfjs-core";
import { embed, embeddingSize, type Encoder, lengthLimit } from "./encoder.ts";
import { packTexts } from "./token_batch.ts";
import type { Embeddings, EncodeFunction, EncodeOptions } from "./types.ts";

/** Options for {@linkcode encodeTexts}. */
export interface EncodeTextsOptions extends EncodeOptions {
  /** Most tokens of a text, special ones included. @default {the model's} */
  maxLength?: number;
  /**
   * Most tokens of a batch, padding included: short texts go in large batches,
   * long ones in small ones. @default {4096}
   */
  batchTokens?: number;
}

/**
 * Encodes texts: batches of texts of like length, so that little is padded;
 * the result is in the order of the texts.
 *
 * @param encoder The model.
 * @param texts The texts.
 * @param options Limits, progress, cancellation.
 * @returns Embeddings, shape `[texts, D]`.
 *
 * @example Usage
 * ```ts
 * import { encodeTexts } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof encodeTexts, "function"); // mod.ts shows it at work
 * ```
 */
export async function encodeTexts(
  encoder: Encoder,
  texts: readonly string[],
  { maxLength = Infinity, batchTokens = 4096, signal, onProgress }:
    EncodeTextsOptions = {},
): Promise<Embeddings> {
  const { tokenizer } = encoder;
  const { ids } = tokenizer.encode(texts, {
    maxLength: lengthLimit(encoder, maxLength),
  });
  const dimension = embeddingSize(encoder);
  const data = new Float32Array(texts.length * dimension);
  // Longest first, as a lack of memory then shows at once.
  const order = ids.map((_, i) => i)
    .sort((a, b) => ids[b]!.length - ids[a]!.length);
  for (let from = 0; from < order.length;) {
    signal?.throwIfAborted();
    const longest = Math.max(1, ids[order[from]!]!.length);
    const size = Math.max(1, Math.floor(batchTokens / longest));
    const rows = order.slice(from, from + size);
    const vectors = tf.tidy(() =>
      embed(encoder, packTexts(rows.map((row) => ids[row]!)))
    );
    const values = await vectors.data();
    vectors.dispose();
    rows.forEach((row, i) =>
      data.set(
        values.subarray(i * dimension, (i + 1) * dimension) as Float32Array,
        row * dimension,
      )
    );
    from += rows.length;
    onProgress?.(from, order.length);
    // Lets timers, signals and the notebook's messages through.
    await new Promise((resume) => setTimeout(resume, 0));
  }
  return { data, count: texts.length, dimension };
}

/** Length limits of the two sides, special tokens included. */
export interface LengthLimits {
  /** Most tokens of a query. */
  queryLength?: number;
  /** Most tokens of a passage. */
  passageLength?: number;
}

/**
 * An encoder as the function that search, mining and evaluation take.
 *
 * @param encoder The model.
 * @param limits Length limits of the two sides.
 *
 * @example Usage
 * ```ts
 * import { encodeFunction } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof encodeFunction, "function"); // mod.ts shows it at work
 * ```
 */
export function encodeFunction(
  encoder: Encoder,
  { queryLength = 64, passageLength = 128 }: LengthLimits = {},
): EncodeFunction {
  return (texts, options = {}) =>
    encodeTexts(encoder, texts, {
      ...options,
      maxLength: options.kind === "query" ? queryLength : passageLength,
    });
}

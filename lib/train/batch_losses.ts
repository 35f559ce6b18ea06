import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Tensor2D } from "../backend/mod.ts";
import { embed, type Encoder, type TokenBatch } from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import {
  type ChunkLimits,
  chunksOf,
  textsBetween,
  tokenizeBatch,
} from "./tokens.ts";
import { infoNce, type LossFunction } from "./info_nce.ts";
import type { Precision } from "../backend/kernels/mod.ts";

/** Options for {@linkcode batchLosses}. */
export interface BatchLossesOptions {
  /** Loss per example. @default {infoNce()} */
  loss?: LossFunction;
  /** Most tokens of a query, special ones included. @default {64} */
  queryLength?: number;
  /** Most tokens of a passage, special ones included. @default {128} */
  passageLength?: number;
  /** What matrix products multiply. @default {"float32"} */
  precision?: Precision;
  /** How much is encoded at once. @default {the whole batch} */
  gradCache?: ChunkLimits | undefined;
}

/**
 * Losses of a batch without training, e.g. a reference model's.
 *
 * @param encoder The model.
 * @param batch The examples.
 * @param options Loss and limits, as for {@linkcode train}.
 * @returns Losses in nats, shape `[B]`.
 *
 * @example Usage
 * ```ts
 * import { batchLosses } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof batchLosses, "function"); // see train()
 * ```
 */
export async function batchLosses(
  encoder: Encoder,
  batch: Batch,
  {
    loss = infoNce(),
    queryLength = 64,
    passageLength = 128,
    precision,
    gradCache = {},
  }: BatchLossesOptions = {},
): Promise<Float32Array> {
  const { queries, passages } = tokenizeBatch(encoder, batch, {
    queryLength,
    passageLength,
  });
  const vectors = (tokens: TokenBatch): Tensor2D =>
    tf.concat(
      chunksOf(tokens, gradCache).map((range) =>
        embed(encoder, textsBetween(tokens, range), { precision })
      ),
    );
  const losses = tf.tidy(() =>
    loss(vectors(queries), vectors(passages), batch)
  );
  const values = await readValues(losses);
  losses.dispose();
  return values;
}

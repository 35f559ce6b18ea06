import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Tensor2D } from "../backend/mod.ts";
import { embed, type Encoder, type TokenBatch } from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import { soloWorkers, usedWorkers, type Workers } from "../workers/mod.ts";
import { sharedVectors } from "./workers/shared_vectors.ts";
import {
  type BatchTokens,
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
  /** Maximum tokens per query. @default {as `textLimits()` says} */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. @default {as `textLimits()` says} */
  passageLength?: number | undefined;
  /** What matrix products multiply. @default {"float32"} */
  precision?: Precision;
  /** How much is encoded at once. @default {the whole batch} */
  gradCache?: ChunkLimits | undefined;
  /** Processes that encode together, as for training. @default {as there} */
  workers?: Workers | undefined;
  /** Equal parts that the batch is encoded in, as for training. */
  slots?: number | undefined;
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
 * import {
 *   bertConfig, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import { batchLosses, infoNce } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const rows = ["red", "green", "blue"].map((id) => ({
 *   domain: 0, negatives: [],
 *   query: { id, text: `what is ${id}` },
 *   positives: [{ id: `${id}+`, text: `${id} is a colour` }],
 * }));
 *
 * const [batch] = batches([rows], [1], { size: 3, seed: 1, passages: 1, count: 1 });
 * const losses = await batchLosses(encoder, batch!, { loss: infoNce({ temperature: 1 }) });
 * assert.ok(losses.length === 3 && losses.every((loss) => loss > 0));
 * ```
 */
export async function batchLosses(
  encoder: Encoder,
  batch: Batch,
  {
    loss = infoNce(),
    queryLength,
    passageLength,
    precision,
    gradCache = {},
    workers = usedWorkers(),
    slots,
  }: BatchLossesOptions = {},
): Promise<Float32Array> {
  const tokens = tokenizeBatch(encoder, batch, { queryLength, passageLength });
  const settings = { precision, gradCache };
  const several = workers !== undefined && workers.size > 1;
  const vectors = several || slots !== undefined
    ? await sharedVectors(encoder, tokens, {
      ...settings,
      workers: workers ?? soloWorkers(),
      slots,
    })
    : ownVectors(encoder, tokens, settings);
  const losses = tf.tidy(() => loss(...vectors, batch));
  tf.dispose(vectors);
  const values = await readValues(losses);
  losses.dispose();
  return values;
}

/** Vectors of queries and passages; the caller frees them. */
function ownVectors(
  encoder: Encoder,
  { queries, passages }: BatchTokens,
  { precision, gradCache }: {
    precision: Precision | undefined;
    gradCache: ChunkLimits;
  },
): [Tensor2D, Tensor2D] {
  const vectors = (tokens: TokenBatch): Tensor2D =>
    tf.tidy(() =>
      tf.concat(
        chunksOf(tokens, gradCache).map((range) =>
          embed(encoder, textsBetween(tokens, range), { precision })
        ),
      )
    );
  return [vectors(queries), vectors(passages)];
}

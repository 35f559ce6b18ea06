import type { Encoder } from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import type { BatchLossesOptions } from "./batch_losses.ts";
import {
  type BatchGradients,
  gradientPass,
  type WeighExamples,
} from "./gradient_pass.ts";
import { infoNce } from "./info_nce.ts";
import { tokenizeBatch } from "./tokens.ts";
import { trainable, type TrainableOptions } from "./trainable.ts";

/** Options for {@linkcode batchGradients}, as for {@linkcode train}. */
export interface BatchGradientsOptions
  extends BatchLossesOptions, TrainableOptions {
  /** Weights of the examples; absent: 1/B each. */
  weigh?: WeighExamples;
  /** Share of the numbers dropped, in [0, 1). @default {0} */
  dropout?: number;
  /** Seed of what is dropped. @default {0} */
  seed?: number;
  /** Compute each layer again for its gradient. @default {false} */
  checkpointing?: boolean;
}

/**
 * Loss and gradients of a batch without an update, by the same passes as
 * {@linkcode train} makes: same precision, checkpointing and chunks.
 *
 * @param encoder The model; it stays as it is.
 * @param batch The examples.
 * @param options Loss, limits and what is frozen.
 * @returns Losses in nats, and a gradient for each parameter that the loss
 * depends on. Call `dispose()` on each of them in the end.
 *
 * @example Usage
 * ```ts
 * import { batchGradients } from "@tdro/tdro/train";
 * import {
 *   bertConfig,
 *   createEncoder,
 *   createTokenizer,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const rows = ["red", "green", "blue"].map((word) => ({
 *   domain: 0,
 *   query: { id: word, text: `what is ${word}` },
 *   positives: [{ id: `${word}+`, text: `${word} is a colour` }],
 *   negatives: [{ id: `${word}-`, text: "no colour at all" }],
 * }));
 * const tokenizer = createTokenizer(trainTokenizer(rows.map((r) => r.query.text)));
 * const { vocabSize } = tokenizer;
 * const encoder = createEncoder(
 *   bertConfig({ vocabSize, hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 }),
 *   tokenizer,
 *   {
 *     rng: createRng(1, "model"),
 *     modules: { pooling: "mean", normalize: true, prompts: {} },
 *   },
 * );
 * const [batch] = batches([rows], [1], { size: 3, seed: 1, count: 1 });
 * const { loss, losses, gradients } = await batchGradients(encoder, batch!);
 * const mean = losses.reduce((sum, each) => sum + each, 0) / losses.length;
 * assert.ok(Math.abs(loss - mean) < 1e-6);
 * assert.deepEqual(Object.keys(gradients), [...encoder.parameters.keys()]);
 * for (const gradient of Object.values(gradients)) gradient.dispose();
 * ```
 */
export async function batchGradients(
  encoder: Encoder,
  batch: Batch,
  {
    loss = infoNce(),
    weigh,
    queryLength,
    passageLength,
    precision = "float32",
    gradCache,
    dropout = 0,
    seed = 0,
    checkpointing = false,
    freeze,
    trainEmbeddings,
  }: BatchGradientsOptions = {},
): Promise<BatchGradients> {
  const limits = { queryLength, passageLength };
  return await gradientPass(batch, tokenizeBatch(encoder, batch, limits), {
    encoder,
    parameters: trainable(encoder, { freeze, trainEmbeddings }),
    loss,
    weigh,
    dropout,
    seed,
    precision,
    checkpointing,
    gradCache,
  });
}

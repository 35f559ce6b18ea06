/**
 * Training: the InfoNCE family, AdamW, learning-rate schedules, the training
 * loop as an async generator, and checkpoints.
 *
 * @example A training run of three updates
 * ```ts
 * import { infoNce, train } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import {
 *   bertConfig,
 *   createEncoder,
 *   createTokenizer,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const words = ["red", "green", "blue", "black"];
 * const rows = words.map((word) => ({
 *   domain: 0,
 *   query: { id: word, text: `what is ${word}` },
 *   positives: [{ id: `${word}+`, text: `${word} is a colour` }],
 *   negatives: [{ id: `${word}-`, text: "no colour at all" }],
 * }));
 * const tokenizer = createTokenizer(
 *   trainTokenizer(rows.flatMap((r) => [r.query.text, r.positives[0]!.text])),
 * );
 * const encoder = createEncoder(
 *   bertConfig({
 *     vocabSize: tokenizer.vocabSize,
 *     hiddenSize: 8,
 *     layers: 1,
 *     heads: 2,
 *     intermediateSize: 16,
 *   }),
 *   tokenizer,
 *   {
 *     rng: createRng(1, "model"),
 *     modules: { pooling: "mean", normalize: true, prompts: {} },
 *   },
 * );
 * const losses: number[] = [];
 * for await (
 *   const step of train(encoder, batches([rows], [1], { size: 4, seed: 1, count: 3 }), {
 *     loss: infoNce({ temperature: 0.1 }),
 *     learningRate: 1e-2,
 *   })
 * ) losses.push(step.loss);
 * assert.equal(losses.length, 3);
 * assert.ok(losses[2]! < losses[0]!);
 * ```
 *
 * @module
 */
export {
  AdamW,
  type AdamWOptions,
  decays,
  type OptimizerTensor,
} from "./adamw.ts";
export {
  batchGradients,
  type BatchGradientsOptions,
} from "./batch_gradients.ts";
export { batchLosses, type BatchLossesOptions } from "./batch_losses.ts";
export {
  type Checkpoint,
  type CheckpointState,
  loadCheckpoint,
  saveCheckpoint,
} from "./checkpoint.ts";
export {
  distillation,
  distillationLosses,
  type DistillationLossesOptions,
  type DistillationOptions,
} from "./distillation.ts";
export {
  contrastiveLosses,
  type ContrastiveLossesOptions,
  infoNce,
  type InfoNceOptions,
  type LossFunction,
  type Negatives,
} from "./info_nce.ts";
export { matryoshka, type MatryoshkaOptions } from "./matryoshka.ts";
export { DEFAULT_TEMPERATURE } from "../base/defaults.ts";
export {
  learningRateFactor,
  type LearningRateFactorOptions,
  type Schedule,
} from "./schedule.ts";
export {
  type BatchGradients,
  type FrozenPassages,
  type GradientProducts,
  type WeighExamples,
} from "./gradient_pass.ts";
export { lossBalance, type LossBalanceOptions } from "./balance/balances.ts";
export {
  gradNormBalance,
  type GradNormOptions,
  gradNormSlopes,
  type GradNormTask,
} from "./balance/grad_norm.ts";
export type { LossBalance } from "./balance/loss_balance.ts";
export {
  pcGradBalance,
  pcGradFactors,
  type PcGradOptions,
} from "./balance/pc_grad.ts";
export {
  uncertaintyBalance,
  type UncertaintyOptions,
  uncertaintySlope,
} from "./balance/uncertainty.ts";
export { type BalanceName, BALANCES } from "../base/balance_names.ts";
export { matchVectors, type MatchVectorsOptions } from "./match_vectors.ts";
export { DivergenceError } from "./divergence_error.ts";
export { type StepReport, train, type TrainOptions } from "./train.ts";
export { trainable, type TrainableOptions } from "./trainable.ts";
export { followWorker } from "./workers/follow_worker.ts";
export type { ChunkLimits } from "./tokens.ts";
export {
  type DevReport,
  type DevScore,
  type DevState,
  isDevDue,
  isDevReport,
  withDev,
  type WithDevOptions,
} from "./with_dev.ts";

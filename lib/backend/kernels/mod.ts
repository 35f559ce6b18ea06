/**
 * Operations that models are made of, each with a composed form that runs on
 * any backend and compiled ones where there are any, and the tape that takes
 * their gradients.
 *
 * @example A gradient by the tape
 * ```ts
 * import { linear, Tape } from "@tdro/tdro/kernels";
 * import { useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const x = tf.tensor2d([[1, 2]]), weight = tf.tensor2d([[3, 4]]);
 * const tape = new Tape([x, weight]);
 * const y = linear(x, weight, { tape }); // 1·3 + 2·4
 * const gradients = tape.backward([[y, tf.tensor2d([[1]])]]);
 * assert.deepEqual([...gradients.get(x)!.dataSync()], [3, 4]);
 * ```
 *
 * @module
 */
export {
  type AdamWNumbers,
  type AdamWSlot,
  adamWUpdate,
} from "../autograd/adamw_update.ts";
export { add } from "./add.ts";
export { attention, type AttentionOptions } from "./attention.ts";
export {
  joinColumns,
  takeColumns,
  type TakeColumnsOptions,
} from "./columns.ts";
export { crossEntropy } from "./cross_entropy.ts";
export {
  disentangledAttention,
  type DisentangledAttentionOptions,
} from "./disentangled_attention.ts";
export { dropout, type DropoutOptions } from "./dropout.ts";
export { embedding } from "./embedding.ts";
export { feedForward, type FeedForwardOptions } from "./feed_forward.ts";
export {
  gatedActivation,
  type GatedActivationOptions,
} from "./gated_activation.ts";
export {
  gatedFeedForward,
  type GatedFeedForwardOptions,
} from "./gated_feed_forward.ts";
export { gelu, type GeluOptions } from "./gelu.ts";
export { l2Normalize } from "./l2_normalize.ts";
export { layerNorm, type LayerNormOptions } from "./layer_norm.ts";
export {
  type AffineMap,
  linear,
  type LinearOptions,
  linears,
} from "./linear.ts";
export { matMul, type MatMulOptions } from "./mat_mul.ts";
export { maxRows, type MaxRowsOptions } from "./max_rows.ts";
export { pairBias, type PairBiasOptions } from "./pair_bias.ts";
export { poolRows, type PoolRowsOptions } from "./pool_rows.ts";
export { relu } from "./relu.ts";
export { rmsNorm, type RmsNormOptions } from "./rms_norm.ts";
export {
  rotary,
  type RotaryOptions,
  type RotaryTable,
  rotaryTable,
  type RotaryTableOptions,
} from "./rotary.ts";
export { scale, type ScaleOptions } from "./scale.ts";
export { longest, type Sequences } from "../tensors/sequences.ts";
export {
  tiledCrossEntropy,
  type TiledCrossEntropyOptions,
} from "./tiled_cross_entropy.ts";
export type { SharedColumns } from "../../base/shared_columns.ts";
export { tanh } from "./tanh.ts";
export { weightedRows } from "./weighted_rows.ts";
export {
  addGradients,
  denseGradient,
  type Gradient,
  RowGradient,
  rowGradient,
} from "../autograd/row_gradient.ts";
export {
  checkPrecision,
  floatPrecision,
  type InferencePrecision,
  type Precision,
} from "../precision.ts";
export { forgetPanels } from "../tensors/int8_panels.ts";
export {
  type Backward,
  type Computed,
  type ComputedMany,
  differentiable,
  differentiableMany,
  type KernelOptions,
  type ProductOptions,
  tfjsDifferentiates,
} from "../autograd/differentiable.ts";
export { Tape, type TapeOptions } from "../autograd/tape.ts";
export { squareSum } from "../autograd/square_sum.ts";
export type {
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  Variable,
} from "../tensors/tensor_types.ts";

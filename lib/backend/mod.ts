/**
 * Where tensors are computed: choosing and setting up a tfjs backend, and the
 * few kernels whose gradients tfjs lacks or computes wastefully.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * const backend = await useBackend("cpu");
 * assert.equal(backend.device, "cpu");
 * ```
 *
 * @module
 */
export * from "./autograd/adamw_update.ts";
export * from "../base/cache_folder.ts";
export * from "./setup/doctor.ts";
export * from "./kernels/add.ts";
export * from "./kernels/attention.ts";
export * from "./kernels/cross_entropy.ts";
export * from "./kernels/dropout.ts";
export * from "./kernels/embedding.ts";
export * from "./kernels/feed_forward.ts";
export * from "./kernels/gated_activation.ts";
export * from "./kernels/gated_feed_forward.ts";
export * from "./kernels/gelu.ts";
export * from "./kernels/l2_normalize.ts";
export * from "./kernels/layer_norm.ts";
export * from "./kernels/linear.ts";
export * from "./kernels/mat_mul.ts";
export * from "./kernels/pair_bias.ts";
export * from "./kernels/pool_rows.ts";
export * from "./kernels/relu.ts";
export * from "./kernels/rms_norm.ts";
export * from "./kernels/rotary.ts";
export * from "./kernels/scale.ts";
export { longest, type Sequences } from "./kernels/sequences.ts";
export * from "./kernels/tanh.ts";
export * from "./kernels/weighted_rows.ts";
export * from "./nearest/nearest_rows.ts";
export * from "./tensors/read_values.ts";
export * from "./autograd/row_gradient.ts";
export * from "./precision.ts";
export * from "./setup/setup_minilm.ts";
export * from "./autograd/tape.ts";
export type * from "./tensors/tensor_types.ts";
export type { Installation, TensorflowFlavour } from "./setup/tensorflow.ts";
export * from "./setup/setup_tensorflow.ts";
export * from "./autograd/square_sum.ts";
export * from "./use_backend.ts";

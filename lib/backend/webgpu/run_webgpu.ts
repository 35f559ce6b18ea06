import * as tf from "@tensorflow/tfjs-core";
import type { NativeCall } from "../run_native.ts";
import type { Tensor } from "../tensors/tensor_types.ts";
import { adamW } from "./adamw.ts";
import { attention } from "./attention.ts";
import { attentionGrad } from "./attention_grad.ts";
import { Call, type WebgpuKernel } from "./call.ts";
import { webgpu } from "./device.ts";
import * as elements from "./elements.ts";
import * as forward from "./feed_forward.ts";
import { linear, linearGrad, matMul } from "./linear.ts";
import { norm, normGrad } from "./norm.ts";
import * as rows from "./rows.ts";
import { squareSum } from "./square_sum.ts";

/** The kernels by the names of the TensorFlow ops that do the same. */
const KERNELS: Readonly<Record<string, WebgpuKernel>> = {
  TdroActivation: elements.activation,
  TdroActivationGrad: elements.activationGrad,
  TdroAdamW: adamW,
  TdroAddInto: elements.addInto,
  TdroAttention: attention,
  TdroAttentionGrad: attentionGrad,
  TdroDropout: elements.dropout,
  TdroFeedForward: forward.feedForward,
  TdroFeedForwardGrad: forward.feedForwardGrad,
  TdroGated: elements.gated,
  TdroGatedFeedForward: forward.gatedFeedForward,
  TdroGatedFeedForwardGrad: forward.gatedFeedForwardGrad,
  TdroGatedGrad: elements.gatedGrad,
  TdroGather: rows.gather,
  TdroLinear: linear,
  TdroLinearGrad: linearGrad,
  TdroMatMul: matMul,
  TdroNorm: norm,
  TdroNormGrad: normGrad,
  TdroPool: rows.pool,
  TdroPoolGrad: rows.poolGrad,
  TdroRotary: elements.rotary,
  TdroRowSum: rows.rowSum,
  TdroSquareSum: squareSum,
};

/**
 * Runs a kernel written in WGSL.
 *
 * @param name Its name, that of the TensorFlow op.
 * @param given What it takes.
 * @returns Its results; the caller owns them (a `tidy` sees them).
 */
export function runWebgpu(name: string, given: NativeCall): Tensor[] {
  const kernel = KERNELS[name];
  if (!kernel) throw new TypeError(`Cannot run ${name}: no such kernel`);
  const call = new Call(given);
  try {
    kernel(call);
  } catch (error) {
    // Not by for-of, which would stop at one that isn't there yet.
    call.results.forEach(({ dataId }) => webgpu().disposeData(dataId));
    throw error;
  } finally {
    call.end();
  }
  const engine = tf.engine();
  return call.results.map((info) => engine.makeTensorFromTensorInfo(info));
}

import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { rowMean } from "../tensors/row_mean.ts";
import {
  type Computed,
  differentiable,
  type KernelOptions,
  tfjsDifferentiates,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";
import { add } from "./add.ts";

/** Options for {@linkcode layerNorm}. */
export interface LayerNormOptions extends KernelOptions {
  /** Added to the variance, > 0. */
  eps: number;
  /** Added to x before the norm, shape `[N, D]`. @default {none} */
  residual?: Tensor2D;
}

/**
 * Layer normalisation over the last dimension:
 * y = (x - mean) / sqrt(variance + eps) · gain + bias, with the biased variance.
 *
 * @param x Input, shape `[N, D]`.
 * @param gain Scale, shape `[D]`.
 * @param bias Shift, shape `[D]`.
 * @param options What is added to the variance, and to x; tape.
 * @returns Output, shape `[N, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { layerNorm } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = layerNorm(tf.tensor2d([[1, 3]]), tf.ones([2]), tf.zeros([2]), {
 *   eps: 1e-12,
 * });
 * assert.deepEqual([...y.dataSync()].map(Math.round), [-1, 1]);
 * ```
 */
export function layerNorm(
  x: Tensor2D,
  gain: Tensor1D,
  bias: Tensor1D,
  { eps, residual, tape }: LayerNormOptions,
): Tensor2D {
  if (!native()) {
    const sum = residual ? add(x, residual, { tape }) : x;
    const y = differentiable<Tensor2D>(
      tape,
      [sum, gain, bias],
      ([wantX]) => composed(sum, { gain, bias, eps, wantX: wantX! }),
    );
    if (residual && !tfjsDifferentiates(tape)) sum.dispose();
    return y;
  }
  const inputs: Tensor[] = residual
    ? [x, gain, bias, residual]
    : [x, gain, bias];
  return differentiable(
    tape,
    inputs,
    () => compiled(x, { gain, bias, eps, residual }),
  );
}

interface Norm {
  gain: Tensor1D;
  bias: Tensor1D;
  eps: number;
}

function compiled(
  x: Tensor2D,
  { gain, bias, eps, residual }: Norm & { residual: Tensor2D | undefined },
): Computed {
  const [y, sum, means, scales] = runNative("TdroNorm", {
    inputs: [x, gain, bias, residual],
    settings: [eps, 0, 0],
    outputs: 4,
  }) as [Tensor, Tensor, Tensor, Tensor];
  const saved = [residual ? sum : x, gain, means, scales];
  return {
    value: y,
    saved,
    backward: (dy, saved) => {
      const [dx, dGain, dBias] = runNative("TdroNormGrad", {
        inputs: [dy, ...saved],
        settings: [0, 0],
        outputs: 3,
      }) as [Tensor, Tensor, Tensor];
      return residual ? [dx, dGain, dBias, tf.clone(dx)] : [dx, dGain, dBias];
    },
  };
}

function composed(
  x: Tensor2D,
  { gain, bias, eps, wantX }: Norm & { wantX: boolean },
): Computed {
  const centred = tf.sub(x, rowMean(x)); // [N, D]
  const variance = rowMean(tf.square(centred)); // [N, 1]
  const scale = tf.rsqrt(tf.add(variance, constant(eps))); // [N, 1]
  const normal = tf.mul(centred, scale); // [N, D]
  return {
    value: tf.add(tf.mul(normal, gain), bias),
    saved: [normal, scale, gain],
    backward: (dy, saved) => {
      const [normal, scale, gain] = saved as [Tensor2D, Tensor2D, Tensor1D];
      const dGain = tf.sum(tf.mul(dy, normal), 0);
      const dBias = tf.sum(dy, 0);
      if (!wantX) return [undefined, dGain, dBias];
      const dNormal = tf.mul(dy, gain); // [N, D]
      const along = rowMean(tf.mul(dNormal, normal)); // [N, 1]
      const flat = tf.sub(dNormal, rowMean(dNormal));
      const dx = tf.mul(tf.sub(flat, tf.mul(normal, along)), scale);
      return [dx, dGain, dBias];
    },
  };
}

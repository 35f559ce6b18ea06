import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";

/**
 * Layer normalisation over the last dimension:
 * y = (x - mean) / sqrt(variance + eps) · gain + bias, with the biased variance.
 *
 * @param x Input, shape `[N, D]`.
 * @param gain Scale, shape `[D]`.
 * @param bias Shift, shape `[D]`.
 * @param eps Added to the variance, > 0.
 * @returns Output, shape `[N, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { layerNorm, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = layerNorm(tf.tensor2d([[1, 3]]), tf.ones([2]), tf.zeros([2]), 1e-12);
 * assert.deepEqual([...y.dataSync()].map(Math.round), [-1, 1]);
 * ```
 */
export function layerNorm(
  x: Tensor2D,
  gain: Tensor1D,
  bias: Tensor1D,
  eps: number,
): Tensor2D {
  const op = tf.customGrad((...args) => {
    const [x, gain, bias] = args as Tensor[] as [
      Tensor2D,
      Tensor1D,
      Tensor1D,
    ];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const centred = tf.sub(x, tf.mean(x, -1, true)); // [N, D]
    const variance = tf.mean(tf.square(centred), -1, true); // [N, 1]
    const scale = tf.rsqrt(tf.add(variance, eps)); // [N, 1]
    const normal = tf.mul(centred, scale); // [N, D]
    save([normal, scale, gain]);
    return {
      value: tf.add(tf.mul(normal, gain), bias),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [normal, scale, gain] = saved as [
          Tensor2D,
          Tensor2D,
          Tensor1D,
        ];
        const weighted = tf.mul(dy, normal); // [N, D]
        const dNormal = tf.mul(dy, gain); // [N, D]
        const along = tf.mean(tf.mul(dNormal, normal), -1, true); // [N, 1]
        const flat = tf.sub(dNormal, tf.mean(dNormal, -1, true));
        return [
          tf.mul(tf.sub(flat, tf.mul(normal, along)), scale),
          tf.sum(weighted, 0),
          tf.sum(dy, 0),
        ];
      },
    };
  });
  return op(x, gain, bias) as Tensor2D;
}

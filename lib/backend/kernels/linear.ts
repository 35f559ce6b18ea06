import * as tf from "@tensorflow/tfjs-core";
import { matMul } from "./mat_mul.ts";

/**
 * Affine map with the weight in the layout of Hugging Face files: y = x Wᵀ + b.
 * Its gradient is written out, so that nothing but x and W is kept for it.
 *
 * @param x Input, shape `[N, in]`.
 * @param weight Weight, shape `[out, in]`.
 * @param bias Bias, shape `[out]`; none if absent.
 * @returns Output, shape `[N, out]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { linear, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), tf.tensor1d([5]));
 * assert.deepEqual([...y.dataSync()], [16]);
 * ```
 */
export function linear(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias?: tf.Tensor1D,
): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const [x, weight, bias] = args as tf.Tensor[] as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor1D,
    ];
    const save = args.at(-1) as tf.GradSaveFunc;
    const hasBias = args.length === 4;
    save([x, weight]);
    const product = matMul(x, weight, { transposeB: true }); // [N, out]
    return {
      value: hasBias ? tf.add(product, bias) : product,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
        const out = dy as tf.Tensor2D; // [N, out]
        const dx = matMul(out, weight); // [N, in]
        const dWeight = matMul(out, x, { transposeA: true }); // [out, in]
        return hasBias ? [dx, dWeight, tf.sum(out, 0)] : [dx, dWeight];
      },
    };
  });
  return (bias ? op(x, weight, bias) : op(x, weight)) as tf.Tensor2D;
}

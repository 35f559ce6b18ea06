import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";
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
  x: Tensor2D,
  weight: Tensor2D,
  bias?: Tensor1D,
): Tensor2D {
  const op = tf.customGrad((...args) => {
    const [x, weight, bias] = args as Tensor[] as [
      Tensor2D,
      Tensor2D,
      Tensor1D,
    ];
    const save = args.at(-1) as tf.GradSaveFunc;
    const hasBias = args.length === 4;
    save([x, weight]);
    const product = matMul(x, weight, { transposeB: true }); // [N, out]
    return {
      value: hasBias ? tf.add(product, bias) : product,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x, weight] = saved as [Tensor2D, Tensor2D];
        const out = dy as Tensor2D; // [N, out]
        const dx = matMul(out, weight); // [N, in]
        const dWeight = matMul(out, x, { transposeA: true }); // [out, in]
        return hasBias ? [dx, dWeight, tf.sum(out, 0)] : [dx, dWeight];
      },
    };
  });
  return (bias ? op(x, weight, bias) : op(x, weight)) as Tensor2D;
}

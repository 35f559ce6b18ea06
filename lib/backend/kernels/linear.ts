import * as tf from "@tensorflow/tfjs-core";
import { differentiable, type KernelOptions } from "../tape.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";
import { matMul } from "./mat_mul.ts";

/** Options for {@linkcode linear}. */
export interface LinearOptions extends KernelOptions {
  /** Added to each row, shape `[out]`. @default {none} */
  bias?: Tensor1D;
}

/**
 * Affine map with the weight in the layout of Hugging Face files: y = x Wᵀ + b.
 * Its gradient is written out, so that nothing but x and W is kept for it.
 *
 * @param x Input, shape `[N, in]`.
 * @param weight Weight, shape `[out, in]`.
 * @param options Bias; tape.
 * @returns Output, shape `[N, out]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { linear, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const bias = tf.tensor1d([5]);
 * const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), { bias });
 * assert.deepEqual([...y.dataSync()], [16]);
 * ```
 */
export function linear(
  x: Tensor2D,
  weight: Tensor2D,
  { bias, tape }: LinearOptions = {},
): Tensor2D {
  const inputs: Tensor[] = bias ? [x, weight, bias] : [x, weight];
  return differentiable(tape, inputs, ([wantX, wantWeight, wantBias]) => {
    const product = matMul(x, weight, { transposeB: true }); // [N, out]
    return {
      value: bias ? tf.add(product, bias) : product,
      saved: wantWeight ? [weight, x] : [weight],
      backward: (dy, [weight, x]) =>
        [
          wantX ? matMul(dy, weight!) : undefined, // [N, in]
          wantWeight ? matMul(dy, x!, { transposeA: true }) : undefined, // [out, in]
          wantBias ? tf.sum(dy, 0) : undefined, // [out]
        ].slice(0, inputs.length),
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import { affine } from "../_affine.ts";
import { native, runNative } from "../_native.ts";
import { differentiable, type ProductOptions } from "../tape.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";

/** Options for {@linkcode linear}. */
export interface LinearOptions extends ProductOptions {
  /** Added to each row, shape `[out]`. @default {none} */
  bias?: Tensor1D;
}

/**
 * Affine map with the weight in the layout of Hugging Face files: y = x Wᵀ + b.
 * Its gradient is written out, so that nothing but x and W is kept for it.
 *
 * @param x Input, shape `[N, in]`.
 * @param weight Weight, shape `[out, in]`.
 * @param options Bias; precision; tape.
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
  { bias, tape, precision = tape?.precision ?? "float32" }: LinearOptions = {},
): Tensor2D {
  const inputs: Tensor[] = bias ? [x, weight, bias] : [x, weight];
  return differentiable(tape, inputs, ([wantX, wantWeight, wantBias]) => {
    return {
      value: affine(x, weight, { transposeB: true, bias, precision }), // [N, out]
      saved: wantWeight ? [weight, x] : [weight],
      backward: (dy, saved) => {
        const [weight, x] = saved as [Tensor2D, Tensor2D];
        const rows = dy as Tensor2D;
        return [
          wantX ? affine(rows, weight, { precision }) : undefined, // [N, in]
          wantWeight
            ? affine(rows, x, { transposeA: true, precision })
            : undefined, // [out, in]
          wantBias ? columnSum(rows) : undefined, // [out]
        ].slice(0, inputs.length);
      },
    };
  });
}

/** The sum of the rows. */
function columnSum(x: Tensor2D): Tensor {
  return native()
    ? runNative("TdroColumnSum", { inputs: [x] })[0]!
    : tf.sum(x, 0);
}

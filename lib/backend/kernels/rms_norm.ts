import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { reshaped } from "../tensors/reshaped.ts";
import { rowMean } from "../tensors/row_mean.ts";
import {
  type Computed,
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";

/** Options for {@linkcode rmsNorm}. */
export interface RmsNormOptions extends KernelOptions {
  /** Added to the mean square, > 0. */
  eps: number;
  /** The scale is 1 + weight, as in Gemma's files. @default {false} */
  addOne?: boolean;
}

/**
 * Root-mean-square normalisation (Zhang & Sennrich, arXiv 1910.07467):
 * y = x / sqrt(mean(x²) + eps) · weight, over the last dimension. Where the
 * weight is shorter than a row, each stretch of its length is normalised by
 * itself: so one weight of head size serves all heads of `[T, H·D]`.
 *
 * @param x Input, shape `[N, D]` or `[N, H·D]`.
 * @param weight Scale, shape `[D]`.
 * @param options What is added to the mean square; tape.
 * @returns Output of x's shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { rmsNorm } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const x = tf.tensor2d([[3, -3, 5, 5]]); // two heads of two
 * const y = rmsNorm(x, tf.tensor1d([1, 2]), { eps: 1e-12 });
 * assert.deepEqual([...y.dataSync()].map(Math.round), [1, -2, 1, 2]);
 * ```
 */
export function rmsNorm(
  x: Tensor2D,
  weight: Tensor1D,
  { eps, addOne = false, tape }: RmsNormOptions,
): Tensor2D {
  const D = weight.shape[0];
  if (x.shape[1] % D !== 0) {
    throw new TypeError(
      `Cannot normalise rows: the weight's length must divide theirs: got ${D} and ${
        x.shape[1]
      }`,
    );
  }
  return differentiable(
    tape,
    [x, weight],
    ([wantX]) =>
      native()
        ? compiled(x, weight, { eps, addOne })
        : composed(x, weight, { eps, addOne, wantX: wantX! }),
  );
}

function compiled(
  x: Tensor2D,
  weight: Tensor1D,
  { eps, addOne }: { eps: number; addOne: boolean },
): Computed {
  const [y, sum, means, scales] = runNative("TdroNorm", {
    inputs: [x, weight, undefined, undefined],
    settings: [eps, 1, +addOne],
    outputs: 4,
  }) as [Tensor, Tensor, Tensor, Tensor];
  tf.dispose([sum, means]);
  return {
    value: y,
    saved: [x, weight, scales],
    backward: (dy, [x, weight, scales]) => {
      const [dx, dWeight, none] = runNative("TdroNormGrad", {
        inputs: [dy, x, weight, undefined, scales],
        settings: [1, +addOne],
        outputs: 3,
      });
      none!.dispose();
      return [dx, dWeight];
    },
  };
}

function composed(
  x: Tensor2D,
  weight: Tensor1D,
  { eps, addOne, wantX }: { eps: number; addOne: boolean; wantX: boolean },
): Computed {
  const D = weight.shape[0];
  const gainOf = (weight: Tensor) =>
    addOne ? tf.add(weight, constant(1)) : weight;
  const rows = reshaped(x, [x.size / D, D]); // [N·H, D]
  const square = rowMean(tf.square(rows));
  const scale = tf.rsqrt(tf.add(square, constant(eps))); // [N·H, 1]
  return {
    value: reshaped(tf.mul(tf.mul(rows, scale), gainOf(weight)), x.shape),
    saved: [x, scale, weight],
    backward: (dy, saved) => {
      const [x, scale, weight] = saved as [Tensor, Tensor, Tensor];
      const normal = tf.mul(reshaped(x, [x.size / D, D]), scale); // [N·H, D]
      const dRows = reshaped(dy, [x.size / D, D]);
      const dWeight = tf.sum(tf.mul(dRows, normal), 0);
      if (!wantX) return [undefined, dWeight];
      const dNormal = tf.mul(dRows, gainOf(weight)); // [N·H, D]
      const along = rowMean(tf.mul(dNormal, normal));
      const dx = tf.mul(tf.sub(dNormal, tf.mul(normal, along)), scale);
      return [reshaped(dx, x.shape), dWeight];
    },
  };
}

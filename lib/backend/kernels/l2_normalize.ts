import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D } from "../tensors/tensor_types.ts";

/** Norms below this count as this (spec section 4). */
const MIN_NORM = 1e-12;

/**
 * Rows divided by their Euclidean norm, x / max(‖x‖, 1e-12). A row of zeros
 * stays zero and gets a zero gradient where tfjs's own `norm` gives NaN.
 *
 * @param x Rows, shape `[N, D]`.
 * @param options Tape.
 * @returns Rows of norm 1 (or 0), shape `[N, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { l2Normalize } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = l2Normalize(tf.tensor2d([[3, 4]]));
 * assert.ok(Math.abs(y.dataSync()[0]! - 0.6) < 1e-6);
 * ```
 */
export function l2Normalize(
  x: Tensor2D,
  { tape }: KernelOptions = {},
): Tensor2D {
  return differentiable(tape, [x], () => {
    const norm = tf.sqrt(tf.sum(tf.square(x), -1, true)); // [N, 1]
    const inverse = tf.div(constant(1), tf.maximum(norm, constant(MIN_NORM))); // [N, 1]
    const unit = tf.mul(x, inverse);
    const long = tf.cast(tf.greater(norm, constant(MIN_NORM)), "float32");
    return {
      value: unit,
      saved: [unit, inverse, long],
      backward: (dy, saved) => {
        const [unit, inverse, long] = saved as [Tensor2D, Tensor2D, Tensor2D];
        const along = tf.sum(tf.mul(dy, unit), -1, true);
        const across = tf.sub(dy, tf.mul(unit, along));
        return [tf.mul(tf.mul(across, inverse), long)];
      },
    };
  });
}

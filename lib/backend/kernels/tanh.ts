import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/**
 * Hyperbolic tangent.
 *
 * @param x Input of any shape.
 * @param options Tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { tanh } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.deepEqual([...tanh(tf.tensor1d([0, 20])).dataSync()], [0, 1]);
 * ```
 */
export function tanh<T extends Tensor>(x: T, { tape }: KernelOptions = {}): T {
  return differentiable<T>(tape, [x], () => {
    const value = tf.tanh(x);
    return {
      value,
      saved: [value],
      backward: (dy, [value]) => [
        tf.mul(dy, tf.sub(constant(1), tf.square(value!))),
      ],
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/**
 * ReLU, max(x, 0); its gradient at 0 is 0.
 *
 * @param x Input of any shape.
 * @param options Tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { relu } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.deepEqual([...relu(tf.tensor1d([-1, 2])).dataSync()], [0, 2]);
 * ```
 */
export function relu<T extends Tensor>(x: T, { tape }: KernelOptions = {}): T {
  return differentiable<T>(tape, [x], () => {
    const value = tf.relu(x);
    return {
      value,
      saved: [value],
      backward: (dy, [value]) => [tf.mul(dy, tf.step(value!))],
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/**
 * Sum of two tensors of one shape, as a residual connection takes it.
 *
 * @param x One.
 * @param y The other.
 * @param options Tape.
 * @returns Their sum; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { add } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.deepEqual([...add(tf.tensor1d([1]), tf.tensor1d([2])).dataSync()], [3]);
 * ```
 */
export function add<T extends Tensor>(
  x: T,
  y: T,
  { tape }: KernelOptions = {},
): T {
  return differentiable<T>(tape, [x, y], () => ({
    value: tf.add(x, y),
    saved: [],
    backward: (dy) => [dy, dy],
  }));
}

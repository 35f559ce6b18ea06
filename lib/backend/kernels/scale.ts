import * as tf from "@tensorflow/tfjs-core";
import { constant } from "../tensors/constant.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Options for {@linkcode scale}. */
export interface ScaleOptions extends KernelOptions {
  /** Constant factor. */
  factor: number;
}

/**
 * A tensor times a constant number.
 *
 * @param x Input of any shape.
 * @param options The factor; tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { scale } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.deepEqual([...scale(tf.tensor1d([3]), { factor: 2 }).dataSync()], [6]);
 * ```
 */
export function scale<T extends Tensor>(
  x: T,
  { factor, tape }: ScaleOptions,
): T {
  return differentiable<T>(tape, [x], () => ({
    value: tf.mul(x, constant(factor)),
    saved: [],
    backward: (dy) => [tf.mul(dy, constant(factor))],
  }));
}

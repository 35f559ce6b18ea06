import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D } from "../tensors/tensor_types.ts";
import { matMul } from "./mat_mul.ts";

/**
 * Weighted sums of rows, W x, with W constant: how hidden states are pooled.
 *
 * @param x Rows, shape `[T, D]`.
 * @param weights Weight of each row in each sum, shape `[B, T]`; it gets no
 * gradient.
 * @param options Tape.
 * @returns The sums, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { weightedRows } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = weightedRows(tf.tensor2d([[1], [3]]), tf.tensor2d([[0.5, 0.5]]));
 * assert.deepEqual([...y.dataSync()], [2]);
 * ```
 */
export function weightedRows(
  x: Tensor2D,
  weights: Tensor2D,
  { tape }: KernelOptions = {},
): Tensor2D {
  return differentiable(tape, [x], () => ({
    value: matMul(weights, x),
    saved: [weights],
    backward: (dy, [weights]) => [
      matMul(weights as Tensor2D, dy as Tensor2D, { transposeA: true }),
    ],
  }));
}

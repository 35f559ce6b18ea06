import * as tf from "@tensorflow/tfjs-core";
import { forOneOp, stacked } from "./like_shapes.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { type Gradient, RowGradient } from "./row_gradient.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/**
 * Sum of the squares of all numbers of some gradients: its root is their norm.
 * Compiled, it's one op, adds in double precision, and in the same order
 * every time.
 *
 * @param gradients In full or as rows; they stay the caller's.
 * @returns The sum, a tensor of one number; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { squareSum } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const sum = squareSum([tf.tensor1d([1, 2]), tf.scalar(3)]);
 * assert.deepEqual([...sum.dataSync()], [14]);
 * ```
 */
export function squareSum(gradients: readonly Gradient[]): Tensor {
  const parts = gradients.map((g) => g instanceof RowGradient ? g.rows : g);
  if (parts.length === 0) return tf.zeros([1]);
  if (native()) {
    return runNative("TdroSquareSum", { inputs: parts, list: true })[0]!;
  }
  // Not by addN: on webgpu it binds every input to one shader, and where they
  // are more than the adapter allows (often 8) the sum is silently wrong.
  return tf.tidy(() => {
    const groups = forOneOp(parts, ({ shape }) => ({ shape, key: "" }));
    const sums = groups.map((group) =>
      tf.tidy(() => tf.sum(tf.square(stacked(group))))
    );
    return tf.reshape(tf.sum(tf.stack(sums)), [1]);
  });
}

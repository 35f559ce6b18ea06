import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D, Tensor3D } from "../tensors/tensor_types.ts";

/** Options for {@linkcode pairBias}. */
export interface PairBiasOptions extends KernelOptions {
  /** Row of the table for each pair of places, shape `[L, L]`, row-major. */
  rows: Int32Array;
}

/**
 * Bias of attention scores by a property of the pair, such as the distance of
 * two tokens: a trained table with a number per property and head.
 *
 * @param table Numbers, shape `[V, H]`.
 * @param options Which row each pair takes; tape.
 * @returns The bias, shape `[H, L, L]`, for {@linkcode attention}; the caller
 * owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { pairBias } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const table = tf.tensor2d([[1, 10], [2, 20]]); // two rows, two heads
 * const bias = pairBias(table, { rows: Int32Array.of(0, 1, 1, 0) });
 * assert.deepEqual([...bias.dataSync()], [1, 2, 2, 1, 10, 20, 20, 10]);
 * ```
 */
export function pairBias(
  table: Tensor2D,
  { rows, tape }: PairBiasOptions,
): Tensor3D {
  const [V, H] = table.shape;
  const L = Math.sqrt(rows.length);
  return differentiable(tape, [table], () => ({
    value: tf.reshape(
      tf.transpose(tf.gather(table, tf.tensor1d(rows, "int32"))),
      [H, L, L],
    ),
    saved: [],
    backward: (dy) => [
      tf.scatterND(
        tf.tensor2d(rows, [L * L, 1], "int32"),
        tf.transpose(tf.reshape(dy, [H, L * L])), // [L·L, H]
        [V, H],
      ),
    ],
  }));
}

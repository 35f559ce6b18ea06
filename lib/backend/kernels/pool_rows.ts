import * as tf from "@tensorflow/tfjs-core";
import { native } from "../native_state.ts";
import { bitsOf, runNative } from "../run_native.ts";
import {
  type Computed,
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D, Tensor3D } from "../tensors/tensor_types.ts";
import { matMul } from "./mat_mul.ts";
import {
  packRows,
  paddingOf,
  padRows,
  type Sequences,
} from "../tensors/sequences.ts";

/** Options for {@linkcode poolRows}. */
export interface PoolRowsOptions extends KernelOptions {
  /** Where the texts lie in the rows. */
  sequences: Sequences;
}

/**
 * One vector per text of a packed batch: the weighted sum of its rows. Mean,
 * first and last token differ in the weights alone. Compiled, it costs as much
 * as reading the rows; composed, a product with a `[B, T]` matrix.
 *
 * @param x Rows, shape `[T, D]`.
 * @param weights Weight of each row, shape `[T]`; it gets no gradient.
 * @param options Texts; tape.
 * @returns The vectors, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { poolRows } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = poolRows(tf.tensor2d([[1], [3], [7]]), Float32Array.of(0.5, 0.5, 1), {
 *   sequences: { offsets: Int32Array.of(0, 2, 3) },
 * });
 * assert.deepEqual([...y.dataSync()], [2, 7]);
 * ```
 */
export function poolRows(
  x: Tensor2D,
  weights: Float32Array,
  { sequences, tape }: PoolRowsOptions,
): Tensor2D {
  const T = x.shape[0];
  if (weights.length !== T || sequences.offsets.at(-1) !== T) {
    throw new TypeError(
      `Cannot pool rows: weights and offsets must be for ${T} rows: got ${weights.length} and ${
        sequences.offsets.at(-1)
      }`,
    );
  }
  return differentiable(
    tape,
    [x],
    () =>
      native()
        ? compiled(x, weights, sequences.offsets)
        : composed(x, weights, sequences),
  );
}

function compiled(
  x: Tensor2D,
  weights: Float32Array,
  offsets: Int32Array,
): Computed {
  const ints = [bitsOf(weights), offsets];
  return {
    value: runNative("TdroPool", { inputs: [x], ints })[0]!,
    saved: [],
    backward: (dy) => runNative("TdroPoolGrad", { inputs: [dy], ints }),
  };
}

function composed(
  x: Tensor2D,
  weights: Float32Array,
  sequences: Sequences,
): Computed {
  const padding = paddingOf(sequences);
  const { batch, length, rows } = padding;
  const values = Float32Array.from(rows, (row) => weights[row] ?? 0);
  const shares = tf.tensor3d(values, [batch, 1, length]);
  const D = x.shape[1];
  const texts = tf.reshape(padRows(x, padding), [batch, length, D]);
  return {
    value: tf.reshape(matMul(shares, texts as Tensor3D), [batch, D]),
    saved: [shares],
    backward: (dy, [shares]) => {
      const one = tf.reshape(dy, [batch, 1, D]);
      const each = matMul(shares!, one, { transposeA: true });
      const flat = tf.reshape(each, [batch * length, D]) as Tensor2D;
      return [packRows(flat, padding)];
    },
  };
}

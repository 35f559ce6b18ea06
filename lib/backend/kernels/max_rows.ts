import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D } from "../tensors/tensor_types.ts";
import {
  packRows,
  paddingOf,
  padRows,
  type Sequences,
} from "../tensors/sequences.ts";

/** Options for {@linkcode maxRows}. */
export interface MaxRowsOptions extends KernelOptions {
  /** Where the texts lie in the rows. */
  sequences: Sequences;
}

/** Below any number that a model computes. */
const LOWEST = -1e30;

/**
 * The largest number of each component over the rows of each text of a packed
 * batch. The gradient goes to the first row that has it. A text without rows
 * gives zeros.
 *
 * @param x Rows, shape `[T, D]`.
 * @param options Texts; tape.
 * @returns The vectors, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { maxRows } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = maxRows(tf.tensor2d([[1, -4], [3, -5], [7, 7]]), {
 *   sequences: { offsets: Int32Array.of(0, 2, 3) },
 * });
 * assert.deepEqual([...y.dataSync()], [3, -4, 7, 7]);
 * ```
 */
export function maxRows(
  x: Tensor2D,
  { sequences, tape }: MaxRowsOptions,
): Tensor2D {
  const padding = paddingOf(sequences);
  const { batch, length, rows, places } = padding;
  const D = x.shape[1];
  const { offsets } = sequences;
  return differentiable(tape, [x], () => {
    const isRow = Float32Array.from(rows, (row) => +(row < places.length));
    const some = Float32Array.from(
      { length: batch },
      (_, i) => +(offsets[i]! < offsets[i + 1]!),
    );
    const seen = tf.tensor3d(isRow, [batch, length, 1]);
    const hasRows = tf.tensor2d(some, [batch, 1]);
    const padded = tf.add(
      tf.reshape(padRows(x, padding), [batch, length, D]),
      tf.mul(tf.sub(1, seen), LOWEST),
    );
    const at = tf.argMax(padded, 1); // [B, D]
    return {
      value: tf.mul(tf.max(padded, 1), hasRows),
      saved: [at, hasRows],
      backward: (dy, [at, hasRows]) => {
        const places = tf.reshape(tf.range(0, length, 1, "int32"), [
          1,
          length,
          1,
        ]);
        const here = tf.equal(places, tf.reshape(at!, [batch, 1, D]));
        const each = tf.mul(
          tf.cast(here, "float32"),
          tf.reshape(tf.mul(dy, hasRows!), [batch, 1, D]),
        );
        const flat = tf.reshape(each, [batch * length, D]) as Tensor2D;
        return [packRows(flat, padding)];
      },
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import { differentiable, type KernelOptions } from "../tape.ts";
import type { Tensor1D, Tensor2D } from "../tensor_types.ts";

/**
 * Rows of a table. The gradient adds up by scattering, which every backend
 * has; tfjs's own needs a segment sum that `wasm` lacks.
 *
 * @param table Rows, shape `[V, D]`.
 * @param ids Row numbers, shape `[N]`, int32, each in [0, V).
 * @param options Tape.
 * @returns The rows, shape `[N, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { embedding, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const rows = embedding(tf.tensor2d([[1], [2]]), tf.tensor1d([1, 1, 0], "int32"));
 * assert.deepEqual([...rows.dataSync()], [2, 2, 1]);
 * ```
 */
export function embedding(
  table: Tensor2D,
  ids: Tensor1D,
  { tape }: KernelOptions = {},
): Tensor2D {
  const shape = table.shape;
  return differentiable(tape, [table], () => ({
    value: tf.gather(table, ids),
    saved: [ids],
    backward: (dy, [ids]) => [
      tf.scatterND(tf.reshape(ids!, [-1, 1]), dy, shape),
    ],
  }));
}

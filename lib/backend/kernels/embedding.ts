import * as tf from "@tensorflow/tfjs-core";
import { nativeOnGpu, nativeOnWebgpu } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { rowGradient } from "../autograd/row_gradient.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";

/**
 * Rows of a table. The gradient adds up by scattering, which every backend
 * has; tfjs's own needs a segment sum that `wasm` lacks. On a tape it comes as
 * the rows that were looked up, so a large table costs none of its size.
 *
 * @param table Rows, shape `[V, D]`.
 * @param ids Row numbers, shape `[N]`, each in [0, V); as a tensor (int32) they
 * must be readable at once, which on webgpu they are not.
 * @param options Tape.
 * @returns The rows, shape `[N, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { embedding } from "@tdro/tdro/kernels";
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
  ids: Tensor1D | Int32Array,
  { tape }: KernelOptions = {},
): Tensor2D {
  const { shape } = table;
  return differentiable(tape, [table], () => ({
    value: rowsOf(table, ids),
    saved: ids instanceof Int32Array ? [] : [ids],
    backward: (dy, [saved]) => [
      rowGradient(
        ids instanceof Int32Array ? ids : saved!.dataSync<"int32">(),
        dy as Tensor2D,
        shape,
      ),
    ],
  }));
}

function rowsOf(table: Tensor2D, ids: Tensor1D | Int32Array): Tensor {
  if (!(ids instanceof Int32Array)) return tf.gather(table, ids);
  // TensorFlow would wait for the GPU before it copies the ids there.
  return nativeOnGpu() || nativeOnWebgpu()
    ? runNative("TdroGather", { inputs: [table], ints: [ids] })[0]!
    : tf.gather(table, tf.tensor1d(ids, "int32"));
}

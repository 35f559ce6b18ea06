import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor2D } from "../tensors/tensor_types.ts";

/** Options for {@linkcode takeColumns}. */
export interface TakeColumnsOptions extends KernelOptions {
  /** The first column, from 0. @default {0} */
  from?: number;
  /** How many. */
  count: number;
}

/**
 * Some columns of a matrix that lie side by side.
 *
 * @param x Matrix, shape `[N, D]`.
 * @param options Which columns; tape.
 * @returns Shape `[N, count]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { takeColumns } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = takeColumns(tf.tensor2d([[1, 2, 3]]), { from: 1, count: 2 });
 * assert.deepEqual([...y.dataSync()], [2, 3]);
 * ```
 */
export function takeColumns(
  x: Tensor2D,
  { from = 0, count, tape }: TakeColumnsOptions,
): Tensor2D {
  const [N, D] = x.shape;
  return differentiable(tape, [x], () => ({
    value: tf.slice(x, [0, from], [N, count]),
    saved: [],
    backward: (dy) => [tf.pad(dy, [[0, 0], [from, D - from - count]])],
  }));
}

/**
 * Matrices side by side.
 *
 * @param parts Matrices, shape `[N, …]`.
 * @param options Tape.
 * @returns Shape `[N, D]`, D the sum of their widths; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { joinColumns } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = joinColumns([tf.tensor2d([[1], [2]]), tf.tensor2d([[3], [4]])]);
 * assert.deepEqual([...y.dataSync()], [1, 3, 2, 4]);
 * ```
 */
export function joinColumns(
  parts: readonly Tensor2D[],
  { tape }: KernelOptions = {},
): Tensor2D {
  const widths = parts.map(({ shape }) => shape[1]);
  return differentiable(tape, parts, () => ({
    value: tf.concat([...parts], 1),
    saved: [],
    backward: (dy) => tf.split(dy, widths, 1),
  }));
}

import type { SharedColumns } from "../../base/shared_columns.ts";
import {
  type Computed,
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import { nativeSearch } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import type { Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";
import { composedTiles, type TiledCall } from "./cross_entropy_tiles.ts";

/** Options for {@linkcode tiledCrossEntropy}. */
export interface TiledCrossEntropyOptions extends KernelOptions {
  /** Column of each row's positive, shape `[B]`. */
  labels: Int32Array<ArrayBuffer>;
  /** Factor on the products. @default {1} */
  scale?: number;
  /** Columns that don't count, by row; a label always does. @default {none} */
  leaveOut?: SharedColumns | undefined;
  /** Rows of a tile, an integer >= 1. @default {1024} */
  rows?: number;
  /** Columns of a tile, an integer >= 1. @default {1024} */
  columns?: number;
}

/**
 * Cross-entropy of each row of the product `scale · Q Pᵀ` against one column, as
 * {@linkcode crossEntropy} gives it of the whole product. Here that is never in
 * memory: the forward pass goes over it in tiles and keeps each row's largest score
 * and Σ e^(score − largest); the gradient computes the tiles again, for half as many
 * products more. So memory grows with B + C, not with B · C.
 *
 * @param queries Q, shape `[B, D]`.
 * @param passages P, shape `[C, D]`.
 * @param options Labels, scale, what to leave out, size of the tiles; tape.
 * @returns Loss of each row in nats, shape `[B]`; the caller owns it.
 * @throws {RangeError} If a tile has no rows or columns.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { tiledCrossEntropy } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const unit = tf.tensor2d([[1, 0], [0, 1]]);
 * const [loss] = tiledCrossEntropy(unit, unit, {
 *   labels: Int32Array.of(0, 1),
 *   columns: 1, // a column at a time
 * }).dataSync();
 * assert.ok(Math.abs(loss! - Math.log(1 + Math.exp(-1))) < 1e-6);
 * ```
 */
export function tiledCrossEntropy(
  queries: Tensor2D,
  passages: Tensor2D,
  {
    labels,
    scale = 1,
    leaveOut,
    rows = 1024,
    columns = 1024,
    tape,
  }: TiledCrossEntropyOptions,
): Tensor1D {
  for (const [name, value] of Object.entries({ rows, columns })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot compute a cross-entropy in tiles: ${name} must be an integer >= 1: got ${value}`,
    );
  }
  const asked = { labels, scale, leaveOut, rows, columns };
  return differentiable(
    tape,
    [queries, passages],
    () => (nativeSearch() ? compiled : composedTiles)(queries, passages, asked),
  );
}

const EMPTY = new Int32Array(0);

function compiled(
  queries: Tensor2D,
  passages: Tensor2D,
  { labels, scale, leaveOut, rows, columns }: TiledCall,
): Computed {
  const ints = [
    labels,
    leaveOut?.rowStarts ?? EMPTY,
    leaveOut?.rowLists ?? EMPTY,
    leaveOut?.listStarts ?? EMPTY,
    leaveOut?.columns ?? EMPTY,
  ];
  const [losses, tops, sums] = runNative("TdroTiledCrossEntropy", {
    inputs: [queries, passages],
    ints,
    settings: [scale],
    outputs: 3,
  });
  return {
    value: losses!,
    saved: [queries, passages, tops!, sums!],
    backward: (dy, saved) =>
      runNative("TdroTiledCrossEntropyGrad", {
        inputs: [...saved, dy],
        ints,
        settings: [scale, rows, columns],
        outputs: 2,
      }),
  };
}

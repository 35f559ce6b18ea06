import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "../backend/mod.ts";
import type { SharedColumns } from "../sampling/mod.ts";
import { columnsOfRow } from "../base/shared_columns.ts";

/** What replaces the score of a passage that must not count: finite. */
const IGNORED = -1e9;

/** Which columns {@linkcode without} is given. */
export interface WithoutOptions {
  /** Passages of each query, N; the label of row i is column i·N of `[B, B·N]`. */
  each: number;
  /** Whether the scores are `[B, N]`, of each query's own passages. @default {false} */
  ownOnly?: boolean;
}

/**
 * Scores with those replaced that must not count; a label's always does.
 *
 * @param scores Shape `[B, B·N]`, or `[B, N]`.
 * @param leaveOut Columns of `[B, B·N]`.
 * @param options Which columns there are.
 */
export function without(
  scores: Tensor2D,
  leaveOut: SharedColumns | undefined,
  { each, ownOnly = false }: WithoutOptions,
): Tensor2D {
  const [rows, count] = scores.shape;
  let cells: Float32Array | undefined;
  for (let row = 0; leaveOut && row < rows; row++) {
    const from = ownOnly ? row * each : 0;
    columnsOfRow(leaveOut, { row, from, to: from + count }, (column) => {
      if (column === row * each) return;
      cells ??= new Float32Array(rows * count);
      cells[row * count + column - from] = 1;
    });
  }
  if (!cells) return scores;
  const ignored = tf.tensor2d(cells, [rows, count]);
  return tf.add(
    tf.mul(scores, tf.sub(1, ignored)),
    tf.mul(ignored, IGNORED),
  );
}

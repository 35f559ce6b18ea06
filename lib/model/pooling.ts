import * as tf from "@tensorflow/tfjs-core";
import {
  type KernelOptions,
  type Sequences,
  type Tensor2D,
  weightedRows,
} from "../backend/mod.ts";
import type { Pooling } from "./modules.ts";

/**
 * Pools hidden states into one vector per text. A text without any token gives
 * zeros (where a division would give NaN and poison the batch).
 *
 * @param hidden Hidden states, shape `[T, D]`.
 * @param sequences Where the texts lie, B of them.
 * @param options Which rule; tape.
 * @returns Vectors, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { pool } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const hidden = tf.tensor2d([[1], [3], [100]]);
 * const sequences = { offsets: Int32Array.of(0, 2, 3) };
 * const pooled = pool(hidden, sequences, { pooling: "mean" });
 * assert.deepEqual([...pooled.dataSync()], [2, 100]);
 * ```
 */
export function pool(
  hidden: Tensor2D,
  sequences: Sequences,
  { pooling, tape }: { pooling: Pooling } & KernelOptions,
): Tensor2D {
  // Each rule is a weighted sum over rows: one product serves them all,
  // forward and backward.
  const shape: [number, number] = [
    sequences.offsets.length - 1,
    hidden.shape[0],
  ];
  const weights = tf.tensor2d(poolingWeights(sequences, pooling), shape);
  const pooled = weightedRows(hidden, weights, { tape });
  weights.dispose();
  return pooled;
}

/** Weight of each row in each text's vector, shape `[B, T]`. */
export function poolingWeights(
  { offsets }: Sequences,
  pooling: Pooling,
): Float32Array {
  const batch = offsets.length - 1;
  const rows = offsets[batch]!;
  const weights = new Float32Array(batch * rows);
  for (let i = 0; i < batch; i++) {
    const [start, end] = [offsets[i]!, offsets[i + 1]!];
    if (start === end) continue;
    const own = weights.subarray(i * rows, (i + 1) * rows);
    if (pooling === "mean") own.fill(1 / (end - start), start, end);
    else if (pooling === "weightedMean") {
      const n = end - start;
      const total = n * (n + 1) / 2;
      for (let j = 0; j < n; j++) own[start + j] = (j + 1) / total;
    } else own[pooling === "cls" ? start : end - 1] = 1;
  }
  return weights;
}

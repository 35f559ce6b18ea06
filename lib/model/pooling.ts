import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "../backend/mod.ts";
import type { Pooling } from "./modules.ts";
import type { PaddedBatch } from "./tokenizer.ts";

/**
 * Pools hidden states into one vector per text. A text without any token gives
 * zeros (where a division would give NaN and poison the batch).
 *
 * @param hidden Hidden states, shape `[B, L, D]`.
 * @param batch The tokens; its mask, shape `[B, L]`, says which ones count.
 * @param pooling Which rule.
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
 * const hidden = tf.tensor3d([[[1], [3], [100]]]);
 * const batch = {
 *   ids: Int32Array.of(5, 6, 0),
 *   mask: Float32Array.of(1, 1, 0),
 *   batch: 1,
 *   length: 3,
 * };
 * assert.deepEqual([...pool(hidden, batch, "mean").dataSync()], [2]);
 * ```
 */
export function pool(
  hidden: Tensor3D,
  batch: PaddedBatch,
  pooling: Pooling,
): Tensor2D {
  // Each rule is a weighted sum over positions: one product serves them all,
  // forward and backward.
  const weights = tf.tensor3d(
    poolingWeights(batch, pooling),
    [batch.batch, 1, batch.length],
  );
  return tf.squeeze(tf.matMul(weights, hidden), [1]);
}

/** Weight of each position in its text's vector, shape `[B, L]`. */
export function poolingWeights(
  { mask, batch, length }: PaddedBatch,
  pooling: Pooling,
): Float32Array {
  const weights = new Float32Array(batch * length);
  for (let row = 0; row < batch; row++) {
    const start = row * length;
    const seen = mask.subarray(start, start + length);
    if (pooling === "mean") {
      const count = seen.reduce((sum, m) => sum + m, 0);
      if (count > 0) weights.set(seen.map((m) => m / count), start);
    } else {
      const at = pooling === "cls" ? seen.indexOf(1) : seen.lastIndexOf(1);
      if (at >= 0) weights[start + at] = 1;
    }
  }
  return weights;
}

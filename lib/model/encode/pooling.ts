import type { Tensor2D } from "../../backend/mod.ts";
import type { Pooling } from "../config/modules.ts";
import {
  joinColumns,
  type KernelOptions,
  maxRows,
  poolRows,
  type Sequences,
} from "../../backend/kernels/mod.ts";

/**
 * Pools hidden states into one vector per text. A text without any token gives
 * zeros (where a division would give NaN and poison the batch).
 *
 * @param hidden Hidden states, shape `[T, D]`.
 * @param sequences Where the texts lie, B of them.
 * @param options Which rule, or several, whose vectors are put end to end; tape.
 * @returns Vectors, shape `[B, D]`, or `[B, n·D]`; the caller owns them.
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
  { pooling, tape }: { pooling: Pooling | readonly Pooling[] } & KernelOptions,
): Tensor2D {
  const parts = [pooling].flat().map((rule) =>
    rule === "max"
      ? maxRows(hidden, { sequences, tape })
      : poolRows(hidden, poolingWeights(sequences, rule), { sequences, tape })
  );
  return parts.length === 1 ? parts[0]! : joinColumns(parts, { tape });
}

/** Weight of each row in its text's vector, shape `[T]`. */
export function poolingWeights(
  { offsets }: Sequences,
  pooling: Exclude<Pooling, "max">,
): Float32Array {
  const weights = new Float32Array(offsets.at(-1)!);
  for (let i = 1; i < offsets.length; i++) {
    const [start, end] = [offsets[i - 1]!, offsets[i]!];
    if (start === end) continue;
    const n = end - start;
    switch (pooling) {
      case "mean":
        weights.fill(1 / n, start, end);
        break;
      case "meanSqrtLength":
        weights.fill(1 / Math.sqrt(n), start, end);
        break;
      case "weightedMean":
        for (let j = 0; j < n; j++) {
          weights[start + j] = (j + 1) / (n * (n + 1) / 2);
        }
        break;
      case "cls":
        weights[start] = 1;
        break;
      case "lastToken":
        weights[end - 1] = 1;
    }
  }
  return weights;
}

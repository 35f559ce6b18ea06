import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "../tensors/tensor_types.ts";

/** Most numbers of a matrix of ones and zeros: 256 MiB. */
const MOST = 2 ** 26;

/**
 * Rows added up at their places, `[V, D]`, by products with a matrix of ones and
 * zeros. On a GPU a scatter adds by atomic operations, in another order each
 * time; this gives the same bits every time, so that a run that goes on from a
 * checkpoint is the run that was not interrupted.
 *
 * (Not for wasm: its `oneHot` knows whole numbers only.)
 *
 * @param ids Place of each row, shape `[N]`.
 * @param rows What to add, shape `[N, D]`; they stay the caller's.
 * @param V Number of places.
 * @param most Most numbers of a matrix of ones and zeros.
 */
export function scatteredByProducts(
  ids: Int32Array,
  rows: Tensor2D,
  V: number,
  most = MOST,
): Tensor2D {
  const [N, D] = rows.shape;
  if (V === 1) return tf.sum(rows, 0, true) as Tensor2D; // oneHot refuses it
  const block = Math.max(1, Math.floor(most / V));
  return tf.tidy(() => {
    let sum: Tensor2D | undefined;
    for (let from = 0; from < N; from += block) {
      const count = Math.min(block, N - from);
      const part = tf.tidy(() => {
        const at = tf.tensor1d(ids.subarray(from, from + count), "int32");
        const places = tf.oneHot(at, V, 1, 0, "float32") as Tensor2D; // [count, V]
        const these = count === N
          ? rows
          : tf.slice(rows, [from, 0], [count, D]);
        return tf.matMul(places, these as Tensor2D, true) as Tensor2D; // [V, D]
      });
      const before: Tensor2D | undefined = sum;
      sum = before ? tf.add(before, part) as Tensor2D : part;
      if (before) tf.dispose([before, part]);
    }
    return sum ?? tf.zeros<tf.Rank.R2>([V, D]);
  });
}

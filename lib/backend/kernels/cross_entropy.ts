import * as tf from "@tensorflow/tfjs-core";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";

/**
 * Cross-entropy of each row against one column: logsumexp(row) - row[label]
 * (spec section 5). The row's largest logit is subtracted first, so logits of
 * ±500 (temperature 0.002) stay finite.
 *
 * @param logits Scores, shape `[B, C]`; a column that must not count carries a
 * large negative finite number.
 * @param labels Column of each row's positive, shape `[B]`, int32.
 * @param options Tape.
 * @returns Loss of each row in nats, shape `[B]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { crossEntropy } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const [loss] = crossEntropy(tf.tensor2d([[0, 0]]), tf.tensor1d([1], "int32")).dataSync();
 * assert.ok(Math.abs(loss! - Math.LN2) < 1e-6);
 * ```
 */
export function crossEntropy(
  logits: Tensor2D,
  labels: Tensor1D,
  { tape }: KernelOptions = {},
): Tensor1D {
  const columns = logits.shape[1];
  return differentiable(tape, [logits], () => {
    const chosen = tf.cast(tf.oneHot(labels, columns), "float32"); // [B, C]
    const shifted = tf.sub(logits, tf.max(logits, -1, true));
    const grown = tf.exp(shifted);
    const total = tf.sum(grown, -1, true); // [B, 1]
    // Multiplied by 0, a masked logit vanishes, since it is finite.
    const positive = tf.sum(tf.mul(shifted, chosen), -1); // [B]
    return {
      value: tf.sub(tf.log(tf.squeeze(total, [1])), positive),
      saved: [tf.sub(tf.div(grown, total), chosen)],
      backward: (dy, [gap]) => [tf.mul(gap!, tf.expandDims(dy, 1))],
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "../tensor_types.ts";

/**
 * Exact GELU, x · Φ(x) with Φ the normal distribution function (the erf form,
 * as in BERT checkpoints; the tanh form differs by up to 5e-4).
 *
 * @param x Input of any shape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { gelu, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const [y] = gelu(tf.tensor1d([1])).dataSync();
 * assert.ok(Math.abs(y! - 0.8413447) < 1e-5);
 * ```
 */
export function gelu<T extends Tensor>(x: T): T {
  const op = tf.customGrad((...args) => {
    const [x] = args as Tensor[] as [Tensor];
    const save = args[1] as unknown as tf.GradSaveFunc;
    save([x]);
    return {
      value: tf.mul(x, normalDistribution(x)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const x = saved[0]!;
        const density = tf.mul(
          tf.exp(tf.mul(tf.square(x), -0.5)),
          1 / Math.sqrt(2 * Math.PI),
        );
        return tf.mul(
          dy,
          tf.add(normalDistribution(x), tf.mul(x, density)),
        );
      },
    };
  });
  return op(x) as T;
}

/** Φ(x) = (1 + erf(x / √2)) / 2. */
function normalDistribution(x: Tensor): Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor4D } from "../tensor_types.ts";
import { matMul } from "./mat_mul.ts";

/**
 * Scaled dot-product attention: softmax(scale · q kᵀ + bias) v, per head.
 *
 * @param q Queries, shape `[B, H, L, D]`.
 * @param k Keys, shape `[B, H, L, D]`.
 * @param v Values, shape `[B, H, L, D]`.
 * @param bias Added to the scores; broadcasts to `[B, H, L, L]`. Masked keys
 * carry a large negative number, finite so that a row without any visible key
 * stays finite. It gets no gradient.
 * @param scale Factor on the scores, no unit; usually 1/√D.
 * @returns Mixed values, shape `[B, H, L, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { attention, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const ones = tf.ones<tf.Rank.R4>([1, 1, 2, 2]);
 * const y = attention(ones, ones, ones, tf.zeros([1, 1, 1, 2]), 1);
 * assert.deepEqual([...y.dataSync()], [1, 1, 1, 1]);
 * ```
 */
export function attention(
  q: Tensor4D,
  k: Tensor4D,
  v: Tensor4D,
  bias: Tensor,
  scale: number,
): Tensor4D {
  const op = tf.customGrad((...args) => {
    const [q, k, v] = args as Tensor[] as [
      Tensor4D,
      Tensor4D,
      Tensor4D,
    ];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const scores = tf.add(
      tf.mul(matMul(q, k, { transposeB: true }), scale),
      bias,
    ); // [B, H, L, L]
    const shares = tf.softmax(scores);
    save([q, k, v, shares]);
    return {
      value: matMul(shares, v),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [q, k, v, shares] = saved as [
          Tensor4D,
          Tensor4D,
          Tensor4D,
          Tensor4D,
        ];
        const out = dy as Tensor4D;
        const dShares = matMul(out, v, { transposeB: true }); // [B, H, L, L]
        const mean = tf.sum(tf.mul(dShares, shares), -1, true);
        const dScores = tf.mul(
          tf.mul(shares, tf.sub(dShares, mean)),
          scale,
        ) as Tensor4D;
        return [
          matMul(dScores, k),
          matMul(dScores, q, { transposeA: true }),
          matMul(shares, out, { transposeA: true }),
        ];
      },
    };
  });
  return op(q, k, v) as Tensor4D;
}

import * as tf from "@tensorflow/tfjs-core";
import { constant } from "./constant.ts";
import type { Tensor } from "./tensor_types.ts";

/**
 * Mean of each row, `[..., 1]`. Not by `tf.mean`, which casts first, float32 to
 * float32: a copy of all numbers.
 */
export function rowMean(x: Tensor): Tensor {
  return tf.mul(tf.sum(x, -1, true), constant(1 / x.shape.at(-1)!));
}

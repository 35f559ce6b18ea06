import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "./tensor_types.ts";

/** The values in another shape; the tensor itself where it has that shape. */
export function reshaped(x: Tensor, shape: readonly number[]): Tensor {
  const same = x.rank === shape.length &&
    x.shape.every((n, i) => n === shape[i]);
  return same ? x : tf.reshape(x, [...shape]);
}

import * as tf from "@tensorflow/tfjs-core";
import { native, runNative } from "./_native.ts";
import type { Tensor, Tensor2D } from "./tensor_types.ts";

/** The sum of the rows of `[N, D]`, `[D]`; not differentiable. */
export function columnSum(x: Tensor2D): Tensor {
  return native()
    ? runNative("TdroColumnSum", { inputs: [x] })[0]!
    : tf.sum(x, 0);
}

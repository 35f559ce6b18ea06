import * as tf from "@tensorflow/tfjs-core";
import { checkGpu } from "../native_state.ts";
import type { Tensor } from "./tensor_types.ts";

/**
 * Values of a tensor, read without blocking: the one way that works on every
 * backend, as webgpu can't be read at once. Deno ends a program that waits for
 * WebGPU alone; this keeps it awake.
 *
 * @param tensor What to read; it stays the caller's.
 * @returns A copy of its values, row-major.
 *
 * @example Usage
 * ```ts
 * import { readValues, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.deepEqual([...await readValues(tf.tensor1d([1, 2]))], [1, 2]);
 * ```
 */
export async function readValues(tensor: Tensor): Promise<Float32Array> {
  const timer = tf.getBackend() === "webgpu"
    ? setInterval(() => {}, 200)
    : undefined;
  try {
    const values = (await tensor.data<"float32">()).slice();
    checkGpu();
    return values;
  } finally {
    clearInterval(timer);
  }
}

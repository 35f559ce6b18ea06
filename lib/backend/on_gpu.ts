import * as tf from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./setup/tensorflow.ts";

/**
 * Whether operations run on a GPU, or as on one (software WebGPU): then each
 * takes longer to start than small ones take to do, and sums by atomic additions
 * come out differently each time.
 */
export function onGpu(): boolean {
  const backend = tf.backend() as unknown as Partial<NativeBackend>;
  return tf.getBackend() === "webgpu" || backend.isUsingGpuDevice === true;
}

import * as tf from "@tensorflow/tfjs-core";
import { onGpu } from "../on_gpu.ts";
import type { Tensor } from "./tensor_types.ts";

/** Numbers on the GPU, by the backend that holds them. */
const kept = new WeakMap<object, Map<number, Tensor>>();
/** Most of them: kernels know a few dozen, whoever passes more gets new ones. */
const MOST = 256;

/**
 * A number that never changes, as an operand. To a GPU each number that an
 * operation is given must be copied, and a copy waits until all that was started
 * before is done. So it's copied once and stays there. Elsewhere it is the number
 * itself.
 */
export function constant(value: number): number | Tensor {
  if (!onGpu()) return value;
  const backend = tf.backend();
  let here = kept.get(backend);
  if (!here) kept.set(backend, here = new Map());
  const known = here.get(value);
  if (known) return known;
  if (here.size >= MOST) return value;
  const tensor = tf.keep(tf.scalar(value));
  // It lives as long as the backend: whoever counts tensors looks for others.
  const { state } = tf.engine();
  state.numTensors--;
  state.numDataBuffers--;
  state.numBytes -= 4;
  here.set(value, tensor);
  return tensor;
}

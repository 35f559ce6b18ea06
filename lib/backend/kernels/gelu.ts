import type { KernelOptions } from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";
import { activate, geluErf, geluTanh } from "../tensors/activations.ts";

/** Options for {@linkcode gelu}. */
export interface GeluOptions extends KernelOptions {
  /**
   * `erf`: x · Φ(x), exact; `tanh`: the approximation that checkpoints name
   * `gelu_new` or `gelu_pytorch_tanh`. They differ by up to 5e-4.
   *
   * @default {"erf"}
   */
  form?: "erf" | "tanh";
}

/**
 * GELU, x · Φ(x) with Φ the normal distribution function.
 *
 * @param x Input of any shape.
 * @param options Which form; tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { gelu } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const [y] = gelu(tf.tensor1d([1])).dataSync();
 * assert.ok(Math.abs(y! - 0.8413447) < 1e-5);
 * ```
 */
export function gelu<T extends Tensor>(
  x: T,
  { form = "erf", tape }: GeluOptions = {},
): T {
  return activate(x, form === "erf" ? geluErf : geluTanh, tape);
}

import * as tf from "@tensorflow/tfjs-core";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import {
  type Computed,
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";
import { type Activation, ACTIVATIONS } from "../tensors/activations.ts";

/** Options for {@linkcode gatedActivation}. */
export interface GatedActivationOptions extends KernelOptions {
  /**
   * What the gate goes through: `silu` makes SwiGLU (Llama, Qwen), the two
   * forms of `gelu` make GeGLU (ModernBERT, Gemma).
   */
  activation: "silu" | "gelu" | "gelu_tanh";
}

/**
 * Gated feed-forward activation, f(gate) · up (Shazeer, arXiv 2002.05202).
 *
 * @param gate What goes through the activation, shape `[T, F]`.
 * @param up What it is multiplied with, of the same shape.
 * @param options Which activation; tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { gatedActivation } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = gatedActivation(tf.tensor1d([0, 20]), tf.tensor1d([5, 3]), {
 *   activation: "silu",
 * });
 * assert.deepEqual([...y.dataSync()], [0, 60]);
 * ```
 */
export function gatedActivation<T extends Tensor>(
  gate: T,
  up: T,
  { activation, tape }: GatedActivationOptions,
): T {
  const chosen = ACTIVATIONS[activation];
  return differentiable<T>(
    tape,
    [gate, up],
    () => native() ? compiled(gate, up, chosen) : composed(gate, up, chosen),
  );
}

function compiled(gate: Tensor, up: Tensor, { number }: Activation): Computed {
  const settings = [number];
  return {
    value: runNative("TdroGated", { inputs: [gate, up], settings })[0]!,
    saved: [gate, up],
    backward: (dy, saved) =>
      runNative("TdroGatedGrad", {
        inputs: [dy, ...saved],
        settings,
        outputs: 2,
      }),
  };
}

function composed(
  gate: Tensor,
  up: Tensor,
  { value, slope }: Activation,
): Computed {
  return {
    value: tf.mul(value(gate), up),
    saved: [gate, up],
    backward: (dy, saved) => {
      const [gate, up] = saved as [Tensor, Tensor];
      return [
        tf.mul(tf.mul(dy, up), slope(gate)),
        tf.mul(dy, value(gate)),
      ];
    },
  };
}

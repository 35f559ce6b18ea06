import * as tf from "@tensorflow/tfjs-core";
import { differentiable, type KernelOptions } from "../tape.ts";
import type { Tensor } from "../tensor_types.ts";

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
 * import { gelu, useBackend } from "@tdro/tdro/backend";
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
  const [value, slope] = form === "erf"
    ? [erfForm, erfSlope]
    : [tanhForm, tanhSlope];
  return differentiable<T>(tape, [x], () => ({
    value: value(x),
    saved: [x],
    backward: (dy, [x]) => [tf.mul(dy, slope(x!))],
  }));
}

function erfForm(x: Tensor): Tensor {
  return tf.mul(x, normalDistribution(x));
}

/** Φ(x) + x · φ(x). */
function erfSlope(x: Tensor): Tensor {
  const density = tf.mul(
    tf.exp(tf.mul(tf.square(x), -0.5)),
    1 / Math.sqrt(2 * Math.PI),
  );
  return tf.add(normalDistribution(x), tf.mul(x, density));
}

/** Φ(x) = (1 + erf(x / √2)) / 2. */
function normalDistribution(x: Tensor): Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2. */
function tanhDistribution(x: Tensor): Tensor {
  const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), ROOT * CUBIC), ROOT));
  return tf.mul(tf.add(tf.tanh(inner), 1), 0.5);
}

function tanhForm(x: Tensor): Tensor {
  return tf.mul(x, tanhDistribution(x));
}

/** s + x · 2s(1 - s) · √(2/π)(1 + 3·0.044715 x²), with s the distribution. */
function tanhSlope(x: Tensor): Tensor {
  const s = tanhDistribution(x);
  const inner = tf.add(tf.mul(tf.square(x), 3 * CUBIC * ROOT), ROOT);
  return tf.add(
    s,
    tf.mul(tf.mul(x, inner), tf.mul(tf.mul(s, tf.sub(1, s)), 2)),
  );
}

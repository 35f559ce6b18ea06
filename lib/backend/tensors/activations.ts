import * as tf from "@tensorflow/tfjs-core";
import { constant } from "./constant.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { type Computed, differentiable } from "../autograd/differentiable.ts";
import type { Tape } from "../autograd/tape.ts";
import type { Tensor } from "./tensor_types.ts";

/** A function of one number and its derivative, element by element. */
export interface Activation {
  /** Its number in `native/activation.h`. */
  number: number;
  /** f(x). */
  value(x: Tensor): Tensor;
  /** f'(x). */
  slope(x: Tensor): Tensor;
}

/** Φ(x) = (1 + erf(x / √2)) / 2. */
function normalDistribution(x: Tensor): Tensor {
  return tf.mul(
    tf.add(tf.erf(tf.mul(x, constant(Math.SQRT1_2))), constant(1)),
    constant(0.5),
  );
}

/** x · Φ(x). */
export const geluErf: Activation = {
  number: 1,
  value: (x) => tf.mul(x, normalDistribution(x)),
  slope: (x) => {
    const density = tf.mul(
      tf.exp(tf.mul(tf.square(x), constant(-0.5))),
      constant(1 / Math.sqrt(2 * Math.PI)),
    );
    return tf.add(normalDistribution(x), tf.mul(x, density));
  },
};

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** √(2/π) + factor · x². */
function even(x: Tensor, factor: number): Tensor {
  return tf.add(tf.mul(tf.square(x), constant(factor)), constant(ROOT));
}

/** (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2. */
function tanhDistribution(x: Tensor): Tensor {
  const inner = tf.mul(x, even(x, ROOT * CUBIC));
  return tf.mul(tf.add(tf.tanh(inner), constant(1)), constant(0.5));
}

/** x · s, with s the distribution above. */
export const geluTanh: Activation = {
  number: 2,
  value: (x) => tf.mul(x, tanhDistribution(x)),
  // s + x · 2s(1 - s) · √(2/π)(1 + 3·0.044715 x²)
  slope: (x) => {
    const s = tanhDistribution(x);
    const inner = even(x, 3 * CUBIC * ROOT);
    const ofTanh = tf.mul(tf.mul(s, tf.sub(constant(1), s)), constant(2));
    return tf.add(
      s,
      tf.mul(tf.mul(x, inner), ofTanh),
    );
  },
};

/** x · σ(x), also called swish. */
export const silu: Activation = {
  number: 3,
  value: (x) => tf.mul(x, tf.sigmoid(x)),
  slope: (x) => {
    const s = tf.sigmoid(x);
    return tf.mul(
      s,
      tf.add(constant(1), tf.mul(x, tf.sub(constant(1), s))),
    );
  },
};

/** The activations that feed-forward parts know by name. */
export const ACTIVATIONS: Readonly<
  Record<"silu" | "gelu" | "gelu_tanh", Activation>
> = { silu, gelu: geluErf, gelu_tanh: geluTanh };

/** The activation as a kernel. */
export function activate<T extends Tensor>(
  x: T,
  activation: Activation,
  tape: Tape | undefined,
): T {
  return differentiable<T>(
    tape,
    [x],
    () => native() ? compiled(x, activation) : composed(x, activation),
  );
}

function compiled(x: Tensor, activation: Activation): Computed {
  const settings = [activation.number];
  return {
    value: runNative("TdroActivation", { inputs: [x], settings })[0]!,
    saved: [x],
    backward: (dy, [x]) =>
      runNative("TdroActivationGrad", { inputs: [dy, x], settings }),
  };
}

function composed(x: Tensor, { value, slope }: Activation): Computed {
  return {
    value: value(x),
    saved: [x],
    backward: (dy, [x]) => [tf.mul(dy, slope(x!))],
  };
}

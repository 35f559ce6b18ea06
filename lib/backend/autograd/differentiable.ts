import * as tf from "@tensorflow/tfjs-core";
import { denseGradient, type Gradient } from "./row_gradient.ts";
import type { Tape } from "./tape.ts";
import type { InferencePrecision } from "../precision.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/**
 * Gradients of an operation's inputs, from the gradient of its output. It may
 * return `dy` itself, and `undefined` where an input's gradient isn't wanted.
 */
export type Backward = (
  dy: Tensor,
  saved: Tensor[],
) => (Gradient | undefined)[];

/** What an operation computed, and what its gradient needs. */
export interface Computed {
  /** The output. */
  value: Tensor;
  /** Tensors to keep for the gradient. */
  saved: Tensor[];
  /** The gradient. */
  backward: Backward;
}

/** What an operation with several outputs computed. */
export interface ComputedMany {
  /** The outputs. */
  values: Tensor[];
  /** Tensors to keep for the gradient. */
  saved: Tensor[];
  /**
   * Gradients of the inputs from those of the outputs, which are zeros where
   * nothing depends on an output.
   */
  backward: (dys: Tensor[], saved: Tensor[]) => (Gradient | undefined)[];
}

/** Options that every kernel takes. */
export interface KernelOptions {
  /**
   * Where to record the operation, so that {@linkcode Tape.backward} finds it.
   * Without one, tfjs's own `tf.grads` differentiates the kernel.
   */
  tape?: Tape;
}

/** Options of kernels that multiply matrices. */
export interface ProductOptions extends KernelOptions {
  /** What is multiplied. @default {the tape's, or "float32"} */
  precision?: InferencePrecision;
}

/**
 * Runs an operation so that it can be differentiated: on the tape if there is
 * one, else by tfjs. Every kernel is written in terms of it.
 *
 * @param tape Where to record it.
 * @param inputs What the gradient is taken by.
 * @param compute The operation; `wanted[i]` says whether the gradient of input
 * i will be used.
 * @returns The output; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { differentiable } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const double = (x: tf.Tensor) =>
 *   differentiable(undefined, [x], () => ({
 *     value: tf.mul(x, 2),
 *     saved: [],
 *     backward: (dy) => [tf.mul(dy, 2)],
 *   }));
 * const gradient = tf.grad((x) => double(x))(tf.tensor1d([1]));
 * assert.deepEqual([...gradient.dataSync()], [2]);
 * ```
 */
export function differentiable<T extends Tensor>(
  tape: Tape | undefined,
  inputs: readonly Tensor[],
  compute: (wanted: readonly boolean[]) => Computed,
): T {
  if (!tape) {
    // Where nobody takes gradients, nothing is kept for them.
    return tfjsDifferentiates(tape)
      ? byTfjs(inputs, compute) as T
      : tf.tidy(() => compute(inputs.map(() => false)).value) as T;
  }
  const [value] = differentiableMany(tape, inputs, (wanted) => {
    const { value, saved, backward } = compute(wanted);
    return {
      values: [value],
      saved,
      backward: ([dy], saved) => backward(dy!, saved),
    };
  });
  return value as T;
}

/**
 * As {@linkcode differentiable}, of an operation with several outputs. tfjs's own
 * gradients know no such thing, so there must be a tape.
 *
 * @param tape Where to record it.
 * @param inputs What the gradient is taken by.
 * @param compute The operation; `wanted[i]` says whether the gradient of input
 * i will be used.
 * @returns The outputs; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { differentiableMany, Tape } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const x = tf.tensor1d([5]);
 * const tape = new Tape([x]);
 * const [double, triple] = differentiableMany(tape, [x], () => ({
 *   values: [tf.mul(x, 2), tf.mul(x, 3)],
 *   saved: [],
 *   backward: ([dDouble, dTriple]) => [
 *     tf.add(tf.mul(dDouble!, 2), tf.mul(dTriple!, 3)),
 *   ],
 * }));
 * const one = tf.tensor1d([1]);
 * const gradients = tape.backward([[double!, one], [triple!, one]]);
 * assert.deepEqual([...gradients.get(x)!.dataSync()], [5]);
 * ```
 */
export function differentiableMany(
  tape: Tape,
  inputs: readonly Tensor[],
  compute: (wanted: readonly boolean[]) => ComputedMany,
): Tensor[] {
  const wanted = inputs.map((input) => tape.wants(input));
  return tf.tidy(() => {
    const computed = compute(wanted);
    if (wanted.includes(true)) tape.record(inputs, computed);
    return computed.values;
  });
}

/**
 * Whether tfjs takes the gradient of what is computed now: it looks at
 * intermediate tensors again, and frees them itself.
 *
 * @param tape Where the operation is recorded otherwise.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { Tape, tfjsDifferentiates } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * assert.equal(tfjsDifferentiates(undefined), false);
 * tf.grad((x) => {
 *   assert.equal(tfjsDifferentiates(undefined), true);
 *   assert.equal(tfjsDifferentiates(new Tape()), false);
 *   return tf.sum(x);
 * })(tf.tensor1d([1]));
 * ```
 */
export function tfjsDifferentiates(tape: Tape | undefined): boolean {
  return !tape && tf.engine().state.gradientDepth > 0;
}

/** The operation as a custom gradient of tfjs. */
function byTfjs(
  inputs: readonly Tensor[],
  compute: (wanted: readonly boolean[]) => Computed,
): Tensor {
  const wanted = inputs.map((x) => !(x instanceof tf.Variable) || x.trainable);
  return tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, saved, backward } = compute(wanted);
    save(saved);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        // tfjs asks for a tensor per input, also where it will not look.
        backward(dy, saved).map((g) => g ? denseGradient(g) : tf.scalar(0)),
    };
  })(...inputs) as Tensor;
}

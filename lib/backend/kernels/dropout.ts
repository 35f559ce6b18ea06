import * as tf from "@tensorflow/tfjs-core";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import {
  differentiable,
  type KernelOptions,
} from "../autograd/differentiable.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Options for {@linkcode dropout}. */
export interface DropoutOptions extends KernelOptions {
  /**
   * Whole number that, with the place in x, decides what is dropped; or one for
   * each row of x (its first dimension), which then drops the same wherever the
   * row lies.
   */
  seed: number | Int32Array;
}

/**
 * Sets a share of the numbers to zero and divides the others by what is left,
 * so that the mean stays. What is dropped follows from the seed alone: the same
 * on every backend, and on every replay of a step. Nothing is kept for the
 * gradient.
 *
 * @param x Input of any shape.
 * @param rate Probability of a number to be dropped, in [0, 1).
 * @param options Seed; tape.
 * @returns Output of the same shape; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { dropout } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const once = dropout(tf.ones([100]), 0.5, { seed: 7 }).dataSync();
 * const again = dropout(tf.ones([100]), 0.5, { seed: 7 }).dataSync();
 * assert.deepEqual(once, again);
 * assert.ok(once.every((v) => v === 0 || v === 2));
 * ```
 */
export function dropout<T extends Tensor>(
  x: T,
  rate: number,
  { seed, tape }: DropoutOptions,
): T {
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(
      `Cannot drop out: rate must be in [0, 1): got ${rate}`,
    );
  }
  const { shape } = x;
  checkSeed(seed, shape);
  const drop = (t: Tensor) =>
    rate === 0
      ? tf.clone(t)
      : native()
      ? compiled(t, rate, seed)
      : tf.mul(t, tf.tensor(dropoutMask(shape, rate, seed), shape));
  return differentiable<T>(tape, [x], () => ({
    value: drop(x),
    saved: [],
    backward: (dy) => [drop(dy)],
  }));
}

function compiled(
  x: Tensor,
  rate: number,
  seed: number | Int32Array,
): Tensor {
  const seeds = typeof seed === "number" ? Int32Array.of(seed) : seed;
  return runNative("TdroDropout", {
    inputs: [x],
    ints: [seeds, Int32Array.of(Math.floor(rate * 2 ** 32))],
    settings: [1 / (1 - rate)],
  })[0]!;
}

function checkSeed(seed: number | Int32Array, shape: readonly number[]): void {
  if (typeof seed === "number") {
    if (Number.isInteger(seed)) return;
    throw new RangeError(
      `Cannot drop out: seed must be a whole number: got ${seed}`,
    );
  }
  if (seed.length !== shape[0]) {
    throw new TypeError(
      `Cannot drop out: seed must be one for each of the ${
        shape[0]
      } rows: got ${seed.length}`,
    );
  }
}

/** Zeros, and 1 / (1 - rate) where a number stays. */
function dropoutMask(
  shape: readonly number[],
  rate: number,
  seed: number | Int32Array,
): Float32Array {
  const kept = 1 / (1 - rate);
  const limit = Math.floor(rate * 2 ** 32);
  const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const seeds = typeof seed === "number" ? Int32Array.of(seed) : seed;
  const width = mask.length / seeds.length;
  for (let row = 0, i = 0; row < seeds.length; row++) {
    const start = mix(seeds[row]! | 0);
    for (let column = 0; column < width; column++, i++) {
      if (mix(start + Math.imul(column, 0x9e3779b9)) >= limit) mask[i] = kept;
    }
  }
  return mask;
}

/** The finisher of MurmurHash3 (32 bits, public domain): spreads every bit. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

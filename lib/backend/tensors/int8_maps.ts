import * as tf from "@tensorflow/tfjs-core";
import type { AffineMap } from "../kernels/linear.ts";
import { matMul } from "../kernels/mat_mul.ts";
import { native } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { ACTIVATIONS } from "./activations.ts";
import { int8Panels } from "./int8_panels.ts";
import type { Tensor, Tensor2D } from "./tensor_types.ts";

/**
 * Affine maps of one input in `int8`, see `InferencePrecision`; without gradients.
 *
 * @param x Input, shape `[T, in]`.
 * @param maps The maps.
 * @returns Outputs in the order of the maps; the caller owns them.
 */
export function int8Linears(
  x: Tensor2D,
  maps: readonly AffineMap[],
): Tensor2D[] {
  if (!native()) {
    return tf.tidy(() => {
      const left = quantised(x);
      return maps.map((map) => composed(left, map));
    });
  }
  return tf.tidy(() =>
    runNative("TdroLinearInt8", {
      list: true,
      results: true,
      inputs: [
        x,
        ...maps.map(({ weight }) => int8Panels(weight)),
        ...maps.map(({ bias }) => bias),
      ],
      settings: [maps.length, ...maps.map(({ weight }) => weight.shape[0])],
      outputs: maps.length,
    })
  ) as Tensor2D[];
}

/** As `feedForward()`, where there are compiled kernels. */
export function int8FeedForward(
  x: Tensor2D,
  { inner, outer, activation }: {
    inner: AffineMap;
    outer: AffineMap;
    activation: keyof typeof ACTIVATIONS;
  },
): Tensor2D {
  return fused("TdroFeedForwardInt8", x, [inner, outer], activation);
}

/** As `gatedFeedForward()`, where there are compiled kernels. */
export function int8GatedFeedForward(
  x: Tensor2D,
  { gate, up, down, activation }: {
    gate: AffineMap;
    up: AffineMap;
    down: AffineMap;
    activation: keyof typeof ACTIVATIONS;
  },
): Tensor2D {
  return fused("TdroGatedFeedForwardInt8", x, [gate, up, down], activation);
}

function fused(
  name: string,
  x: Tensor2D,
  maps: readonly AffineMap[],
  activation: keyof typeof ACTIVATIONS,
): Tensor2D {
  const [N, F] = maps.at(-1)!.weight.shape;
  return tf.tidy(() =>
    runNative(name, {
      inputs: [
        x,
        ...maps.flatMap(({ weight, bias }) => [int8Panels(weight), bias]),
      ],
      settings: [ACTIVATIONS[activation].number, F, N],
    })[0] as Tensor2D
  );
}

/** Whole numbers of a matrix's rows, and what each row's are multiples of. */
interface Quantised {
  wholes: Tensor2D; // [rows, in]
  scales: Tensor2D; // [rows, 1]
}

/** `count` steps from the least number, or 0, to the largest: see `bytes.h`. */
function steps(range: Tensor, count: number): { up: Tensor; scales: Tensor2D } {
  const up = tf.where(
    tf.greaterEqual(range, 1e-36),
    tf.div(count, tf.maximum(range, 1e-36)),
    tf.zerosLike(range),
  );
  return { up, scales: tf.div(range, count) as Tensor2D };
}

/** What comes in: 0 … 255 where each row's least number is 0. */
function quantised(x: Tensor2D): Quantised {
  const least = tf.minimum(tf.min(x, 1, true), 0); // [rows, 1]
  const range = tf.sub(tf.maximum(tf.max(x, 1, true), 0), least);
  const { up, scales } = steps(range, 255);
  const zero = tf.round(tf.mul(tf.neg(least), up));
  const wholes = tf.minimum(tf.round(tf.mul(x, up)), tf.sub(255, zero));
  return { wholes: wholes as Tensor2D, scales };
}

/** A weight: ±127. */
function quantisedWeight(weight: Tensor2D): Quantised {
  const { up, scales } = steps(tf.max(tf.abs(weight), 1, true), 127);
  return { wholes: tf.round(tf.mul(weight, up)) as Tensor2D, scales };
}

/** One map, from the backend's own operations: sums are exact up to 2^24. */
function composed(
  { wholes, scales }: Quantised,
  { weight, bias }: AffineMap,
): Tensor2D {
  const right = quantisedWeight(weight);
  const sums = matMul(wholes, right.wholes, { transposeB: true });
  const scale = tf.mul(scales, tf.transpose(right.scales)); // [T, out]
  const product: Tensor = tf.mul(sums, scale);
  return (bias ? tf.add(product, bias) : product) as Tensor2D;
}

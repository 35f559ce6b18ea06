import * as tf from "@tensorflow/tfjs-core";
import { affine, finished } from "../_affine.ts";
import { columnSum } from "../_column_sum.ts";
import { native } from "../_native.ts";
import { checkPrecision } from "../precision.ts";
import { differentiable, type ProductOptions } from "../tape.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";
import { activate, ACTIVATIONS, compiledSlope } from "./_activations.ts";

/** Options for {@linkcode linear}. */
export interface LinearOptions extends ProductOptions {
  /** Added to each row, shape `[out]`. @default {none} */
  bias?: Tensor1D | undefined;
  /** What the sum goes through; in one pass with it where that pays. @default {none} */
  activation?: "gelu" | "gelu_tanh" | "silu" | undefined;
}

/**
 * Affine map with the weight in the layout of Hugging Face files: y = x Wᵀ + b.
 * Its gradient is written out, so that nothing but x and W is kept for it.
 *
 * @param x Input, shape `[N, in]`.
 * @param weight Weight, shape `[out, in]`.
 * @param options Bias; activation; precision; tape.
 * @returns Output, shape `[N, out]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { linear, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const bias = tf.tensor1d([5]);
 * const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), { bias });
 * assert.deepEqual([...y.dataSync()], [16]);
 * ```
 */
export function linear(
  x: Tensor2D,
  weight: Tensor2D,
  options: LinearOptions = {},
): Tensor2D {
  const { bias, activation, tape } = options;
  const { precision = tape?.precision ?? "float32" } = options;
  checkPrecision(precision);
  const chosen = activation && ACTIVATIONS[activation];
  if (chosen && !native()) {
    const y = linear(x, weight, { ...options, activation: undefined });
    const done = activate(y, chosen, tape);
    // tfjs's own gradients look at y again, and free it themselves.
    if (tape || tf.engine().state.gradientDepth === 0) y.dispose();
    return done;
  }
  const inputs: Tensor[] = bias ? [x, weight, bias] : [x, weight];
  return differentiable(tape, inputs, ([wantX, wantWeight, wantBias]) => {
    const map = { transposeB: true, bias, precision };
    const [value, before] = chosen
      ? finished(x, weight, { ...map, form: "activated", activation: chosen })
      : [affine(x, weight, map)]; // [N, out]
    const saved: Tensor[] = [weight];
    if (before) saved.push(before);
    if (wantWeight) saved.push(x);
    return {
      value,
      saved,
      backward: (dy, saved) => {
        const weight = saved[0] as Tensor2D;
        const rows =
          (chosen ? compiledSlope(dy, saved[1]!, chosen) : dy) as Tensor2D;
        return [
          wantX ? affine(rows, weight, { precision }) : undefined, // [N, in]
          wantWeight
            ? affine(rows, saved.at(-1) as Tensor2D, {
              transposeA: true,
              precision,
            })
            : undefined, // [out, in]
          wantBias ? columnSum(rows) : undefined, // [out]
        ].slice(0, inputs.length);
      },
    };
  });
}

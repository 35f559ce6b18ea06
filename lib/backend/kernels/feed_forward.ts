import * as tf from "@tensorflow/tfjs-core";
import { affine, finished } from "../_affine.ts";
import { columnSum } from "../_column_sum.ts";
import { native } from "../_native.ts";
import { checkPrecision } from "../precision.ts";
import { differentiable, type ProductOptions } from "../tape.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensor_types.ts";
import { ACTIVATIONS } from "./_activations.ts";
import { linear } from "./linear.ts";

/** Weight and bias of an affine map, in the layout of Hugging Face files. */
export interface AffineMap {
  /** Shape `[out, in]`. */
  weight: Tensor2D;
  /** Shape `[out]`. @default {none} */
  bias?: Tensor1D | undefined;
}

/** Options for {@linkcode feedForward}. */
export interface FeedForwardOptions extends ProductOptions {
  /** The map before the activation, to `[T, F]`. */
  inner: AffineMap;
  /** The map after it, back to `[T, D]`. */
  outer: AffineMap;
  /** What lies between them. */
  activation: "gelu" | "gelu_tanh";
}

/**
 * The feed-forward part of a transformer layer: outer(f(inner(x))). Where there
 * are compiled products, f and its slope are taken while the products are still
 * in the processor: `[T, F]` numbers are the most that a layer writes.
 *
 * @param x Input, shape `[T, D]`.
 * @param options The two maps and the activation; precision; tape.
 * @returns Output, shape `[T, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { feedForward, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const y = feedForward(tf.tensor2d([[10]]), {
 *   inner: { weight: tf.tensor2d([[2], [-3]]) }, // 20 and -30: GELU leaves 20, 0
 *   outer: { weight: tf.tensor2d([[5, 7]]) },
 *   activation: "gelu",
 * });
 * assert.equal(Math.round(y.dataSync()[0]!), 100);
 * ```
 */
export function feedForward(
  x: Tensor2D,
  { inner, outer, activation, tape, ...options }: FeedForwardOptions,
): Tensor2D {
  const { precision = tape?.precision ?? "float32" } = options;
  checkPrecision(precision);
  if (!native()) {
    return tf.tidy(() => {
      const { bias } = inner;
      const first = { bias, activation, precision, tape };
      const hidden = linear(x, inner.weight, first);
      const last = { bias: outer.bias, precision, tape };
      return linear(hidden, outer.weight, last);
    });
  }
  const biases = [inner.bias, outer.bias].filter((b) => b !== undefined);
  const inputs: Tensor[] = [x, inner.weight, outer.weight, ...biases];
  const f = ACTIVATIONS[activation];
  return differentiable(tape, inputs, (wanted) => {
    const [wantX, wantInner, wantOuter] = wanted;
    const wantBias = (bias?: Tensor1D) => bias && wanted[inputs.indexOf(bias)];
    const below = wantX || wantInner || wantBias(inner.bias);
    const [hidden, before] = finished(x, inner.weight, {
      ...{ transposeB: true, bias: inner.bias, precision },
      ...{ form: "activated", activation: f },
    }); // [T, F] twice
    const value = affine(hidden, outer.weight, {
      ...{ transposeB: true, bias: outer.bias, precision },
    }); // [T, D]
    return {
      value,
      saved: [inner.weight, outer.weight, x, before, hidden],
      backward: (dy, saved) => {
        const [w1, w2, x, before, hidden] = saved as Tensor2D[];
        const out = dy as Tensor2D;
        const rows = below
          ? finished(out, w2!, {
            ...{ form: "slope", activation: f, gate: before!, precision },
          })[0]
          : undefined; // [T, F]
        const byRows = (rows: Tensor2D, x: Tensor2D) =>
          affine(rows, x, { transposeA: true, precision });
        return [
          wantX ? affine(rows!, w1!, { precision }) : undefined,
          wantInner ? byRows(rows!, x!) : undefined,
          wantOuter ? byRows(out, hidden!) : undefined,
          ...biases.map((bias) =>
            wantBias(bias)
              ? columnSum(bias === inner.bias ? rows! : out)
              : undefined
          ),
        ];
      },
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import { native, PRECISION_CODES } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { checkPrecision } from "../precision.ts";
import {
  differentiable,
  type ProductOptions,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";
import { ACTIVATIONS } from "../tensors/activations.ts";
import { int8FeedForward } from "../tensors/int8_maps.ts";
import { type AffineMap, linear } from "./linear.ts";
import { presentOf, wantedBits } from "../tensors/maps.ts";

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
 * import { useBackend } from "@tdro/tdro/backend";
 * import { feedForward } from "@tdro/tdro/kernels";
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
  if (precision === "int8" && native()) {
    return int8FeedForward(x, { inner, outer, activation });
  }
  if (precision === "int8" || !native()) {
    return tf.tidy(() => {
      const { bias } = inner;
      const first = { bias, activation, precision, tape };
      const hidden = linear(x, inner.weight, first);
      const last = { bias: outer.bias, precision, tape };
      return linear(hidden, outer.weight, last);
    });
  }
  const operands = [x, inner.weight, inner.bias, outer.weight, outer.bias];
  const { inputs, pick } = presentOf(operands);
  const settings = [PRECISION_CODES[precision], ACTIVATIONS[activation].number];
  return differentiable(tape, inputs, (wanted) => {
    const [value, before, after] = runNative("TdroFeedForward", {
      inputs: operands,
      settings,
      outputs: 3,
    }) as [Tensor, Tensor, Tensor]; // [T, D]; twice [T, F]
    return {
      value,
      saved: [x, before, after, inner.weight, outer.weight],
      backward: (dy, saved) =>
        pick(runNative("TdroFeedForwardGrad", {
          inputs: [...saved, dy],
          settings: [...settings, wantedBits(operands, wanted)],
          outputs: 5,
        })),
    };
  });
}

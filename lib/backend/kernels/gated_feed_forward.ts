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
import {
  gatedActivation,
  type GatedActivationOptions,
} from "./gated_activation.ts";
import { int8GatedFeedForward } from "../tensors/int8_maps.ts";
import { type AffineMap, linear } from "./linear.ts";
import { presentOf, wantedBits } from "../tensors/maps.ts";

/** Options for {@linkcode gatedFeedForward}. */
export interface GatedFeedForwardOptions
  extends ProductOptions, Pick<GatedActivationOptions, "activation"> {
  /** The map whose result goes through the activation, to `[T, F]`. */
  gate: AffineMap;
  /** The map that it is multiplied with, to `[T, F]`. */
  up: AffineMap;
  /** The map of the product, back to `[T, D]`. */
  down: AffineMap;
}

/**
 * The feed-forward part of a decoder's layer: down(f(gate(x)) · up(x)). Where
 * there are compiled products, f and its slope are taken while the products are
 * still in the processor.
 *
 * @param x Input, shape `[T, D]`.
 * @param options The three maps and the activation; precision; tape.
 * @returns Output, shape `[T, D]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { gatedFeedForward } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const times = (factor: number) => ({ weight: tf.tensor2d([[factor]]) });
 * const y = gatedFeedForward(tf.tensor2d([[10]]), {
 *   gate: times(3), // silu(30) is 30
 *   up: times(2),
 *   down: times(0.5),
 *   activation: "silu",
 * });
 * assert.equal(Math.round(y.dataSync()[0]!), 300);
 * ```
 */
export function gatedFeedForward(
  x: Tensor2D,
  { gate, up, down, activation, tape, ...options }: GatedFeedForwardOptions,
): Tensor2D {
  const { precision = tape?.precision ?? "float32" } = options;
  checkPrecision(precision);
  if (precision === "int8" && native()) {
    return int8GatedFeedForward(x, { gate, up, down, activation });
  }
  if (precision === "int8" || !native()) {
    const map = ({ weight, bias }: AffineMap, x: Tensor2D) =>
      linear(x, weight, { bias, precision, tape });
    return tf.tidy(() => {
      const through = { activation, tape };
      return map(down, gatedActivation(map(gate, x), map(up, x), through));
    });
  }
  const maps = [gate, up, down];
  const operands = [x, ...maps.flatMap(({ weight, bias }) => [weight, bias])];
  const { inputs, pick } = presentOf(operands);
  const settings = [PRECISION_CODES[precision], ACTIVATIONS[activation].number];
  return differentiable(tape, inputs, (wanted) => {
    const [value, gates, ups, inner] = runNative("TdroGatedFeedForward", {
      inputs: operands,
      settings,
      outputs: 4,
    }) as [Tensor, Tensor, Tensor, Tensor]; // [T, D]; three times [T, F]
    return {
      value,
      saved: [x, gates, ups, inner, ...maps.map(({ weight }) => weight)],
      backward: (dy, saved) =>
        pick(runNative("TdroGatedFeedForwardGrad", {
          inputs: [...saved, dy],
          settings: [...settings, wantedBits(operands, wanted)],
          outputs: 7,
        })),
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import { affine, finished } from "../_affine.ts";
import { columnSum } from "../_column_sum.ts";
import { native } from "../_native.ts";
import { checkPrecision } from "../precision.ts";
import { differentiable, type ProductOptions } from "../tape.ts";
import type { Tensor, Tensor2D } from "../tensor_types.ts";
import type { AffineMap } from "./feed_forward.ts";
import { ACTIVATIONS } from "./_activations.ts";
import {
  gatedActivation,
  type GatedActivationOptions,
} from "./gated_activation.ts";
import { linear } from "./linear.ts";

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
 * import { gatedFeedForward, useBackend } from "@tdro/tdro/backend";
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
  if (!native()) {
    const map = ({ weight, bias }: AffineMap, x: Tensor2D) =>
      linear(x, weight, { bias, precision, tape });
    return tf.tidy(() => {
      const through = { activation, tape };
      return map(down, gatedActivation(map(gate, x), map(up, x), through));
    });
  }
  const maps = [gate, up, down];
  const biased = maps.filter(({ bias }) => bias !== undefined);
  const inputs: Tensor[] = [
    ...[x, ...maps.map(({ weight }) => weight)],
    ...biased.map(({ bias }) => bias!),
  ];
  const f = ACTIVATIONS[activation];
  return differentiable(tape, inputs, (wanted) => {
    const wants = (tensor?: Tensor) => tensor && wanted[inputs.indexOf(tensor)];
    const below = [x, gate.weight, gate.bias, up.weight, up.bias].some(wants);
    const forward = { transposeB: true, precision };
    const gates = affine(x, gate.weight, { ...forward, bias: gate.bias });
    const [inner, ups] = finished(x, up.weight, {
      ...{ ...forward, bias: up.bias },
      ...{ form: "gated", activation: f, gate: gates },
    }); // [T, F] twice
    return {
      value: affine(inner, down.weight, { ...forward, bias: down.bias }),
      saved: [...maps.map(({ weight }) => weight), x, gates, ups, inner],
      backward: (dy, saved) => {
        const [wGate, wUp, wDown, x, gates, ups, inner] = saved as Tensor2D[];
        const out = dy as Tensor2D; // [T, D]
        const [dUp, dGate] = below
          ? finished(out, wDown!, {
            ...{ form: "ungated", activation: f, precision },
            ...{ gate: gates!, up: ups! },
          })
          : []; // [T, F] twice
        const byRows = (rows: Tensor2D, x: Tensor2D) =>
          affine(rows, x, { transposeA: true, precision });
        const rowsOf = (map: AffineMap) =>
          map === gate ? dGate! : map === up ? dUp! : out;
        return [
          wants(inputs[0])
            ? affine(dGate!, wGate!, {
              precision,
              add: affine(dUp!, wUp!, { precision }),
            })
            : undefined,
          ...maps.map((map) =>
            wants(map.weight)
              ? byRows(rowsOf(map), map === down ? inner! : x!)
              : undefined
          ),
          ...biased.map((map) =>
            wants(map.bias) ? columnSum(rowsOf(map)) : undefined
          ),
        ];
      },
    };
  });
}

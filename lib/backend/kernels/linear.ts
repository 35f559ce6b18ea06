import * as tf from "@tensorflow/tfjs-core";
import { affine } from "../tensors/affine.ts";
import { native, PRECISION_CODES } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { checkPrecision, type Precision } from "../precision.ts";
import { int8Linears } from "../tensors/int8_maps.ts";
import {
  type ComputedMany,
  differentiable,
  differentiableMany,
  type ProductOptions,
  tfjsDifferentiates,
} from "../autograd/differentiable.ts";
import type { Tensor, Tensor1D, Tensor2D } from "../tensors/tensor_types.ts";
import { activate, ACTIVATIONS } from "../tensors/activations.ts";
import { presentOf, wantedBits } from "../tensors/maps.ts";

/** Weight and bias of an affine map, in the layout of Hugging Face files. */
export interface AffineMap {
  /** Shape `[out, in]`. */
  weight: Tensor2D;
  /** Shape `[out]`. @default {none} */
  bias?: Tensor1D | undefined;
}

/** Options for {@linkcode linear}. */
export interface LinearOptions extends ProductOptions {
  /** Added to each row, shape `[out]`. @default {none} */
  bias?: Tensor1D | undefined;
  /** What the sum goes through. @default {none} */
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
 * import { useBackend } from "@tdro/tdro/backend";
 * import { linear } from "@tdro/tdro/kernels";
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
  const done = (y: Tensor2D): Tensor2D => {
    if (!activation) return y;
    const active = activate(y, ACTIVATIONS[activation], tape);
    if (!tfjsDifferentiates(tape)) y.dispose();
    return active;
  };
  if (precision === "int8") return done(int8Linears(x, [{ weight, bias }])[0]!);
  const inputs: Tensor[] = bias ? [x, weight, bias] : [x, weight];
  return done(differentiable<Tensor2D>(tape, inputs, (wanted) => {
    const compute = native() ? compiled : composed;
    const found = compute(x, [{ weight, bias }], { precision, wanted });
    return {
      value: found.values[0]!,
      saved: found.saved,
      backward: (dy, saved) => found.backward([dy], saved),
    };
  }));
}

/**
 * Several affine maps of one input, as an attention's queries, keys and values
 * are: yᵢ = x Wᵢᵀ + bᵢ. Where there are compiled kernels they are one operation,
 * and on a tape so is their gradient.
 *
 * @param x Input, shape `[N, in]`.
 * @param maps The maps, to `[N, outᵢ]`.
 * @param options Precision; tape.
 * @returns Outputs in the order of the maps; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { linears } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const ofWeight = (...row: number[]) => ({ weight: tf.tensor2d([row]) });
 * const ys = linears(tf.tensor2d([[1, 2]]), [ofWeight(3, 4), ofWeight(5, 6)]);
 * assert.deepEqual(ys.map((y) => y.dataSync()[0]), [11, 17]);
 * ```
 */
export function linears(
  x: Tensor2D,
  maps: readonly AffineMap[],
  options: ProductOptions = {},
): Tensor2D[] {
  const { tape } = options;
  const { precision = tape?.precision ?? "float32" } = options;
  if (precision === "int8") {
    checkPrecision(precision);
    return int8Linears(x, maps);
  }
  // tfjs's own gradients know no operation with several outputs.
  if (!native() || tfjsDifferentiates(tape)) {
    return maps.map(({ weight, bias }) =>
      linear(x, weight, { ...options, bias })
    );
  }
  checkPrecision(precision);
  if (!tape) {
    return tf.tidy(() =>
      compiled(x, maps, { precision, wanted: [] }).values
    ) as Tensor2D[];
  }
  return differentiableMany(
    tape,
    presentOf(operandsOf(x, maps)).inputs,
    (wanted) => compiled(x, maps, { precision, wanted }),
  ) as Tensor2D[];
}

/** x, the weights, then the biases, also those that are absent. */
function operandsOf(
  x: Tensor2D,
  maps: readonly AffineMap[],
): (Tensor | undefined)[] {
  const weights = maps.map(({ weight }) => weight);
  return [x, ...weights, ...maps.map(({ bias }) => bias)];
}

interface MapsOptions {
  precision: Precision;
  /** Which gradients are, as `differentiable()` tells. */
  wanted: readonly boolean[];
}

function compiled(
  x: Tensor2D,
  maps: readonly AffineMap[],
  { precision, wanted }: MapsOptions,
): ComputedMany {
  const n = maps.length;
  const operands = operandsOf(x, maps);
  const list = { list: true, results: true };
  const settings = [n, PRECISION_CODES[precision]];
  const weights = operands.slice(1, 1 + n) as Tensor[];
  const wantWeights = wanted.slice(1, 1 + n).includes(true);
  return {
    values: runNative("TdroLinear", {
      ...list,
      inputs: operands,
      settings,
      outputs: n,
    }),
    saved: wantWeights ? [...weights, x] : weights,
    backward: (dys, saved) =>
      presentOf(operands).pick(runNative("TdroLinearGrad", {
        ...list,
        inputs: [saved[n], ...dys, ...saved.slice(0, n)],
        settings: [...settings, wantedBits(operands, wanted)],
        outputs: operands.length,
      })),
  };
}

/** One map, from the backend's own operations. */
function composed(
  x: Tensor2D,
  [{ weight, bias }]: [AffineMap],
  { precision, wanted }: MapsOptions,
): ComputedMany {
  const [wantX, wantWeight, wantBias] = wanted;
  return {
    values: [affine(x, weight, { transposeB: true, bias, precision })],
    saved: wantWeight ? [weight, x] : [weight],
    backward: ([dy], [weight, x]) => {
      const rows = dy as Tensor2D;
      return [
        wantX ? affine(rows, weight as Tensor2D, { precision }) : undefined,
        wantWeight
          ? affine(rows, x as Tensor2D, { transposeA: true, precision })
          : undefined, // [out, in]
        wantBias ? tf.sum(rows, 0) : undefined, // [out]
      ].slice(0, bias ? 3 : 2);
    },
  };
}

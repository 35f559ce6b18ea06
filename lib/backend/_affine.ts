import * as tf from "@tensorflow/tfjs-core";
import { Bf16Ops } from "./_bf16_ops.ts";
import { native, PARTS, runNative } from "./_native.ts";
import { onGpu } from "./_on_gpu.ts";
import { type Activation, identity } from "./kernels/_activations.ts";
import { matMul } from "./kernels/mat_mul.ts";
import { checkPrecision, type Precision } from "./precision.ts";
import type { Tensor, Tensor1D, Tensor2D } from "./tensor_types.ts";

/** What {@linkcode affine} multiplies and adds. */
export interface AffineOptions {
  /** Take the transpose of `a`. */
  transposeA?: boolean;
  /** Take the transpose of `b`. */
  transposeB?: boolean;
  /** Added to each row, shape `[N]`. */
  bias?: Tensor1D | undefined;
  /** Added to the result, of its shape. */
  add?: Tensor2D | undefined;
  /** What is multiplied. */
  precision: Precision;
}

/**
 * What becomes of each number v of a product, with f the activation; the numbers
 * of `Form` in `native/gemm.h`.
 */
const FORMS = {
  plain: 0,
  /** f(v), and v */
  activated: 1,
  /** v · f'(gate) */
  slope: 2,
  /** v · f(gate), and v */
  gated: 3,
  /** v · f(gate), and v · up · f'(gate) */
  ungated: 4,
};

/** What {@linkcode finished} does beside the product. */
export interface FinishOptions extends AffineOptions {
  /** What becomes of each number. */
  form: keyof typeof FORMS;
  /** f. */
  activation: Activation;
  /** Of the result's shape. */
  gate?: Tensor2D;
  /** Of the result's shape. */
  up?: Tensor2D;
}

/**
 * A product and what comes after it in one pass, where a kernel does both: see
 * `native()`. The second result is there under all forms but `slope`.
 */
export function finished(
  a: Tensor2D,
  b: Tensor2D,
  { form, activation, gate, up, ...options }: FinishOptions,
): [Tensor2D, Tensor2D] {
  const { transposeA = false, transposeB = false, precision } = options;
  return runNative("TdroMatMul", {
    inputs: [a, b, options.bias, options.add, gate, up],
    settings: [
      ...[+transposeA, +transposeB, PARTS[precision], activation.number],
      ...[FORMS[form], +(form !== "slope" && form !== "plain"), 1],
    ],
    outputs: 2,
  }) as [Tensor2D, Tensor2D];
}

/**
 * `scale · a · bᵀ` of whole numbers of at most ±32767 whose sums stay within 32
 * bits, where a kernel has it: see `native()`. Twice as fast as float32 on
 * processors without bfloat16, and exact but for the result's rounding.
 */
export function wholeProduct(
  a: Tensor2D,
  b: Tensor2D,
  scale: number,
): Tensor2D {
  const [product, unused] = runNative("TdroMatMul", {
    inputs: [a, b, undefined, undefined, undefined, undefined],
    settings: [0, 1, 2, identity.number, FORMS.plain, 0, scale],
    outputs: 2,
  }) as [Tensor2D, Tensor2D];
  unused.dispose();
  return product;
}

/**
 * `a · b + bias + add` of matrices, on the fastest road that the backend has. Not
 * differentiable; the caller owns the result.
 */
export function affine(
  a: Tensor2D,
  b: Tensor2D,
  options: AffineOptions,
): Tensor2D {
  const { transposeA = false, transposeB = false, bias, add, precision } =
    options;
  checkPrecision(precision);
  if (native()) {
    const [product, unused] = finished(a, b, {
      ...options,
      form: "plain",
      activation: identity,
    });
    unused.dispose();
    return product;
  }
  return tf.tidy(() => {
    let sum: Tensor = precision === "bfloat16"
      ? roundedProduct(a, b, transposeA, transposeB)
      : matMul(a, b, { transposeA, transposeB });
    if (bias) sum = tf.add(sum, bias);
    return (add ? tf.add(sum, add) : sum) as Tensor2D;
  });
}

/** The product of bfloat16 by TensorFlow's own op. */
function roundedProduct(
  a: Tensor2D,
  b: Tensor2D,
  transposeA: boolean,
  transposeB: boolean,
): Tensor2D {
  const ops = new Bf16Ops(tf.backend() as never);
  // On the CPU its product of rows of both sides is the fast one.
  const turn = !onGpu();
  const left = ops.round(turn && transposeA ? tf.transpose(a) : a);
  const right = ops.round(turn && !transposeB ? tf.transpose(b) : b);
  const product = ops.product(left, right, {
    transposeA: !turn && transposeA,
    transposeB: turn || transposeB,
  });
  const wide: Tensor = ops.widen(product);
  ops.free(left, right, product);
  return wide as Tensor2D;
}

import * as tf from "@tensorflow/tfjs-core";
import { Bf16Ops } from "./_bf16_ops.ts";
import { nativeProducts, PARTS, runNative } from "./_native.ts";
import type { Activation } from "./kernels/_activations.ts";
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
  /** What is multiplied. */
  precision: Precision;
}

/**
 * f(a · bᵀ + bias) in one pass, and what went into f, for its gradient; or
 * undefined where no kernel does both.
 */
export function activated(
  a: Tensor2D,
  b: Tensor2D,
  bias: Tensor1D | undefined,
  { number }: Activation,
  precision: Precision,
): { value: Tensor2D; before: Tensor2D } | undefined {
  checkPrecision(precision);
  if (!nativeProducts(precision)) return;
  const [value, before] = runNative("TdroMatMul", {
    inputs: [a, b, bias, undefined],
    settings: [0, 1, PARTS[precision], number, 1],
    outputs: 2,
  }) as [Tensor2D, Tensor2D];
  return { value, before };
}

/**
 * `a · b + bias` of matrices, on the fastest road that the backend has. Not
 * differentiable; the caller owns the result.
 */
export function affine(
  a: Tensor2D,
  b: Tensor2D,
  { transposeA = false, transposeB = false, bias, precision }: AffineOptions,
): Tensor2D {
  checkPrecision(precision);
  if (nativeProducts(precision)) {
    const [product, unused] = runNative("TdroMatMul", {
      inputs: [a, b, bias, undefined],
      settings: [+transposeA, +transposeB, PARTS[precision], 0, 0],
      outputs: 2,
    });
    unused!.dispose();
    return product as Tensor2D;
  }
  return tf.tidy(() => {
    const product = precision === "bfloat16"
      ? roundedProduct(a, b, transposeA, transposeB)
      : matMul(a, b, { transposeA, transposeB });
    return bias ? tf.add(product, bias) : product;
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
  // Its product takes rows of both sides.
  const left = ops.round(transposeA ? tf.transpose(a) : a);
  const right = ops.round(transposeB ? b : tf.transpose(b));
  const product = ops.product(left, right);
  const wide: Tensor = ops.widen(product);
  ops.free(left, right, product);
  return wide as Tensor2D;
}

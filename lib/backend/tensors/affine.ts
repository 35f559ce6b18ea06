import * as tf from "@tensorflow/tfjs-core";
import { Bf16Ops } from "../nearest/bf16_ops.ts";
import { native, PRECISION_CODES } from "../native_state.ts";
import { runNative } from "../run_native.ts";
import { onGpu } from "../on_gpu.ts";
import { matMul } from "../kernels/mat_mul.ts";
import { checkPrecision, type Precision } from "../precision.ts";
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
 * `a · b + bias` of matrices, on the fastest road that the backend has. Not
 * differentiable; the caller owns the result.
 */
export function affine(
  a: Tensor2D,
  b: Tensor2D,
  options: AffineOptions,
): Tensor2D {
  const { transposeA = false, transposeB = false, bias, precision } = options;
  checkPrecision(precision);
  return tf.tidy(() => {
    const product: Tensor = native()
      ? runNative("TdroMatMul", {
        inputs: [a, b],
        settings: [+transposeA, +transposeB, PRECISION_CODES[precision], 1],
      })[0]!
      : precision === "bfloat16"
      ? roundedProduct(a, b, { transposeA, transposeB })
      : matMul(a, b, { transposeA, transposeB });
    return (bias ? tf.add(product, bias) : product) as Tensor2D;
  });
}

/** The product of bfloat16 by TensorFlow's own op. */
function roundedProduct(
  a: Tensor2D,
  b: Tensor2D,
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
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

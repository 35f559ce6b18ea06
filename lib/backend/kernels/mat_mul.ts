import * as tf from "@tensorflow/tfjs-core";
import { nativeOnWasm } from "../native_state.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Options for {@linkcode matMul}. */
export interface MatMulOptions {
  /** Take the transpose of `a`'s last two dimensions. @default {false} */
  transposeA?: boolean;
  /** Take the transpose of `b`'s last two dimensions. @default {false} */
  transposeB?: boolean;
}

/**
 * Matrix product over the last two dimensions; the dimensions before them,
 * equal in both, are batches. Of tfjs's own products on `wasm` only a single one
 * without transposition takes the fast road (XNNPACK; the other one is 20 times
 * slower), so there transposes are written out and batches done one by one; where
 * compiled kernels are, a single product is theirs.
 * Not differentiable: for use inside kernels that write their gradient.
 *
 * @param a Left side, shape `[..., M, K]` (`[..., K, M]` if transposed).
 * @param b Right side, shape `[..., K, N]` (`[..., N, K]` if transposed).
 * @param options Which sides to transpose.
 * @returns The product, shape `[..., M, N]`; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { matMul } from "@tdro/tdro/kernels";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const product = matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), {
 *   transposeB: true,
 * });
 * assert.deepEqual([...product.dataSync()], [11]);
 * ```
 */
export function matMul<T extends Tensor>(
  a: T,
  b: T,
  { transposeA = false, transposeB = false }: MatMulOptions = {},
): T {
  if (tf.getBackend() !== "wasm" || nativeOnWasm() && a.rank === 2) {
    return tf.matMul(a, b, transposeA, transposeB) as T;
  }
  return tf.tidy(() => {
    const left = transposeA ? transposed(a) : a;
    const right = transposeB ? transposed(b) : b;
    if (left.rank === 2) {
      // XNNPACK packs its right side first: the smaller one belongs there.
      const narrow = left.shape[0]! >= right.shape[1]!;
      return (narrow
        ? tf.matMul(left, right)
        : transposed(tf.matMul(transposed(right), transposed(left)))) as T;
    }
    return oneByOne(left, right) as T;
  });
}

/** The last two dimensions swapped. */
function transposed(x: Tensor): Tensor {
  const order = x.shape.map((_, i) => i);
  const last = order.pop()!;
  const before = order.pop()!;
  return tf.transpose(x, [...order, last, before]);
}

/**
 * One product after the other. Each slice of a tensor would copy all of it on
 * this backend, so the values are read once and cut in JavaScript.
 */
function oneByOne(a: Tensor, b: Tensor): Tensor {
  const [M, K] = a.shape.slice(-2) as [number, number];
  const N = b.shape.at(-1)!;
  const count = a.size / (M * K);
  const lefts = a.dataSync<"float32">();
  const rights = b.dataSync<"float32">();
  const products = new Float32Array(count * M * N);
  for (let i = 0; i < count; i++) {
    const left = tf.tensor2d(lefts.subarray(i * M * K, (i + 1) * M * K), [
      M,
      K,
    ]);
    const right = tf.tensor2d(
      rights.subarray(i * K * N, (i + 1) * K * N),
      [K, N],
    );
    const product = tf.matMul(left, right);
    products.set(product.dataSync<"float32">(), i * M * N);
    tf.dispose([left, right, product]);
  }
  return tf.tensor(products, [...a.shape.slice(0, -1), N]);
}

import * as tf from "@tensorflow/tfjs-core";
import { onGpu } from "./on_gpu.ts";

/**
 * What numbers matrix products multiply; they are always added up in float32,
 * and parameters, activations, norms and softmax stay float32. `bfloat16` keeps 8
 * of 24 bits of mantissa, and is several times faster where the processor has it.
 *
 * On a processor with Intel's tiles, `float32` products of the `tensorflow`
 * backend are sums of whole numbers that have 23 bits beside the largest of up
 * to 512 numbers of their row (column). Beside the lengths of row and column
 * they are as exact as TensorFlow's own, or more so; what is lost is the detail
 * of numbers millions of times smaller than others of their row.
 */
export type Precision = "float32" | "bfloat16";

/**
 * What affine maps multiply where no gradient is taken. `int8`: whole numbers of
 * 8 bits times a scale. Each row of what comes in has its own, 255 steps from its
 * least to its largest number, and so has each output of a weight, ±127 steps.
 * They are added up exactly. All else (attention, norms, softmax) is computed as under `float32`.
 */
export type InferencePrecision = Precision | "int8";

/**
 * What is multiplied where there is no `int8`.
 *
 * @param precision What is wanted of affine maps.
 *
 * @example Usage
 * ```ts
 * import { floatPrecision } from "@tdro/tdro/kernels";
 * import assert from "node:assert/strict";
 *
 * assert.equal(floatPrecision("int8"), "float32");
 * assert.equal(floatPrecision("bfloat16"), "bfloat16");
 * ```
 */
export function floatPrecision(precision: InferencePrecision): Precision {
  return precision === "int8" ? "float32" : precision;
}

/**
 * Refuses a precision that the active backend can't give.
 *
 * @param precision What is wanted.
 * @throws {RangeError} If it is `bfloat16` and the backend isn't `tensorflow`, or
 * `int8` on a GPU.
 *
 * @example Usage
 * ```ts
 * import { useBackend } from "@tdro/tdro/backend";
 * import { checkPrecision } from "@tdro/tdro/kernels";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * checkPrecision("float32");
 * assert.throws(() => checkPrecision("bfloat16"), RangeError);
 * ```
 */
export function checkPrecision(precision: InferencePrecision): void {
  const backend = tf.getBackend();
  if (precision === "float32") return;
  if (precision === "int8") {
    if (!onGpu()) return;
    throw new RangeError(
      "Cannot compute in int8: precision must be float32 or bfloat16 on a GPU: got int8; leave it out, or compute on the processor",
    );
  }
  if (precision === "bfloat16" && backend === "tensorflow") return;
  throw new RangeError(
    `Cannot compute in ${precision}: precision must be float32 on the ${backend} backend` +
      (precision === "bfloat16" ? ", or the backend tensorflow" : ""),
  );
}

import * as tf from "@tensorflow/tfjs-core";

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
 * Refuses a precision that the active backend can't give.
 *
 * @param precision What is wanted.
 * @throws {RangeError} If it is `bfloat16` and the backend isn't `tensorflow`.
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
export function checkPrecision(precision: Precision): void {
  const backend = tf.getBackend();
  if (precision === "float32") return;
  if (precision === "bfloat16" && backend === "tensorflow") return;
  throw new RangeError(
    `Cannot compute in ${precision}: precision must be float32 on the ${backend} backend` +
      (precision === "bfloat16" ? ", or the backend tensorflow" : ""),
  );
}

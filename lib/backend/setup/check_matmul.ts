import * as tf from "@tensorflow/tfjs-core";
import { type Installation, registerTensorflow } from "./tensorflow.ts";

/**
 * Loads an installation and multiplies two matrices whose product is known.
 *
 * @param installation What to load.
 * @throws {RangeError} If the product is wrong.
 */
export async function checkMatmul(installation: Installation): Promise<void> {
  await registerTensorflow(installation);
  const before = tf.getBackend();
  await tf.setBackend("tensorflow");
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]]))
      .dataSync()
  );
  if (before) await tf.setBackend(before);
  if ([...product].join() !== "19,22,43,50") {
    throw new RangeError(
      `Cannot use the tensorflow backend: a product of matrices came out as ` +
        `[${product}]; run setup with --force`,
    );
  }
}

// Set-up runs this file by itself, with the installation as its argument.
if (import.meta.main) await checkMatmul(JSON.parse(Deno.args[0]!));

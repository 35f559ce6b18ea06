import * as tf from "@tensorflow/tfjs-core";

/** Version of this package. */
const VERSION = "0.1.0";

/** Versions of what computes a run. */
export function versions(): Record<string, string> {
  return { deno: Deno.version.deno, tfjs: tf.version_core, tdro: VERSION };
}

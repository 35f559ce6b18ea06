import * as tf from "@tensorflow/tfjs-core";
import { createHash } from "node:crypto";
import type { Encoder } from "../encode/encoder.ts";

/** Values taken from each end of a parameter: training changes nearly all. */
const TAKEN = 16;

/**
 * Tells models apart whose vectors differ, without reading them whole: a hash
 * of the configuration, the modules, the tokenizer, and of the first and last
 * values of each parameter.
 */
export async function encoderFingerprint(encoder: Encoder): Promise<string> {
  const { config, modules, tokenizer, parameters, lora } = encoder;
  const { original: _, ...sizes } = config;
  const hash = createHash("sha256").update(
    JSON.stringify([sizes, modules, lora ?? null, tokenizer.toJSON()]),
  );
  for (const [name, parameter] of parameters) {
    const ends = tf.tidy(() => {
      const flat = tf.reshape(parameter, [-1]);
      const n = Math.min(TAKEN, flat.size);
      return tf.concat([
        tf.slice(flat, [0], [n]),
        tf.slice(flat, [flat.size - n], [n]),
      ]);
    });
    const values = await ends.data<"float32">();
    hash.update(`${name}[${parameter.shape}]`).update(
      new Uint8Array(values.slice().buffer),
    );
    ends.dispose();
  }
  return hash.digest("hex");
}

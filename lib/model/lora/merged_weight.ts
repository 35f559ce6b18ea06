import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "../../backend/mod.ts";
import type { Encoder } from "../encode/encoder.ts";
import { loraScaling } from "./lora_config.ts";
import { factorsOf } from "./lora_modules.ts";

/**
 * A weight with its adapter's change, W + scaling · B A; `undefined` for a
 * parameter that has no adapter.
 */
export function mergedWeight(
  { parameters, lora }: Encoder,
  name: string,
): Tensor | undefined {
  const module = name.replace(/\.weight$/, "");
  const names = factorsOf(module);
  const a = parameters.get(names.a);
  const b = parameters.get(names.b);
  if (!lora || !a || !b) return undefined;
  return tf.tidy(() => {
    const change = tf.matMul(
      b as unknown as Tensor2D,
      a as unknown as Tensor2D,
    );
    return tf.add(
      parameters.get(name)!,
      tf.mul(change, loraScaling(lora, module)),
    );
  });
}

import * as tf from "@tensorflow/tfjs-core";
import type { Variable } from "../../backend/mod.ts";
import type { Encoder } from "../encode/encoder.ts";
import { isFactor } from "./lora_modules.ts";
import { mergedWeight } from "./merged_weight.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/**
 * Adds an adapter's change to the weights, W + scaling · B A, and drops the
 * adapter: a plain encoder with the same embeddings (to rounding), which saves
 * as an ordinary Hugging Face folder.
 *
 * @param encoder An encoder with an adapter; its parameters go over to the
 * result, the factors are freed.
 * @returns The plain encoder, every parameter trainable again.
 * @throws {RangeError} If it has no adapter.
 *
 * @example Usage
 * ```ts
 * import {
 *   addLora, bertConfig, createEncoder, createTokenizer, encodeTexts, mergeLora,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const adapted = addLora(encoder, { rank: 2, targets: ["query"], rng: createRng(1, "lora") });
 * const b = "encoder.layer.0.attention.self.query.lora_B.weight";
 * adapted.parameters.get(b)!.assign(tf.ones([8, 2])); // stands for training
 * const before = (await encodeTexts(adapted, ["red green"])).data;
 * const merged = mergeLora(adapted);
 * const after = (await encodeTexts(merged, ["red green"])).data;
 * assert.ok(after.every((value, i) => Math.abs(value - before[i]!) < 1e-6));
 * ```
 */
export function mergeLora(encoder: Encoder): Encoder {
  const { lora, ...plain } = encoder;
  if (!lora) {
    throw new RangeError(
      "Cannot merge an adapter: the encoder has none; addLora() or loadLora() makes one",
    );
  }
  const parameters = new Map<string, Variable>();
  for (const [name, parameter] of encoder.parameters) {
    if (isFactor(name)) continue;
    parameters.set(name, parameter);
    parameter.trainable = !/(^|\.)pooler\./.test(name);
    tf.tidy(() => {
      const merged = mergedWeight(encoder, name);
      if (merged) parameter.assign(merged);
    });
  }
  // Also those of a pooler that the weights don't have.
  tf.dispose(
    [...encoder.parameters].flatMap(([name, factor]) =>
      isFactor(name) ? [factor] : []
    ),
  );
  return selfShowing({ ...plain, parameters });
}

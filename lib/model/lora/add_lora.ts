import * as tf from "@tensorflow/tfjs-core";
import type { Variable } from "../../backend/mod.ts";
import type { RandomSource } from "../../base/random_source.ts";
import type { Encoder } from "../encode/encoder.ts";
import { factorsOf, targetModules } from "./lora_modules.ts";
import { type LoraConfig, loraConfig, loraRank } from "./lora_config.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options for {@linkcode addLora}; those absent are as in {@linkcode loraConfig}. */
export interface AddLoraOptions extends Partial<LoraConfig> {
  /** Where the starting values come from, e.g. `createRng(seed, "lora")`. */
  rng: Pick<RandomSource, "next">;
}

/**
 * Puts a LoRA adapter on an encoder: y = x Wᵀ + scaling · (x Aᵀ) Bᵀ on the
 * chosen affine maps. A starts uniform in ±1/√in, B at zero, so that the
 * embeddings are at first the same. The encoder's own parameters are frozen;
 * training then changes (and pays gradients and moments for) the factors alone.
 *
 * @param encoder What to adapt. Its parameters go over to the result: dispose
 * of that one alone.
 * @param options Rank, alpha, dropout, targets; where the values come from.
 * @returns The adapted encoder; {@linkcode mergeLora} makes a plain one of it.
 * @throws {RangeError} If an option is out of range, a target names no map, or
 * the encoder has an adapter already.
 *
 * @example Usage
 * ```ts
 * import {
 *   addLora, bertConfig, createEncoder, createTokenizer, encodeTexts,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const before = (await encodeTexts(encoder, ["red"])).data;
 * const adapted = addLora(encoder, { rank: 2, targets: ["query"], rng: createRng(1, "lora") });
 * assert.deepEqual((await encodeTexts(adapted, ["red"])).data, before); // B starts at 0
 * const trained = [...adapted.parameters].filter(([, parameter]) => parameter.trainable);
 * assert.ok(trained.every(([name]) => name.includes(".lora_")));
 * ```
 */
export function addLora(
  encoder: Encoder,
  { rng, ...options }: AddLoraOptions,
): Encoder {
  const config = loraConfig(options);
  if (encoder.lora) {
    throw new RangeError(
      "Cannot make a LoRA adapter: the encoder has one already; merge it first by mergeLora()",
    );
  }
  const factors = new Map<string, Variable>();
  for (const module of targetModules(encoder, config)) {
    const [out, into] = encoder.parameters.get(`${module}.weight`)!
      .shape as [number, number];
    const { a, b } = factorsOf(module);
    const bound = 1 / Math.sqrt(into);
    const rank = loraRank(config, module);
    const values = Float32Array.from(
      { length: rank * into },
      () => (2 * rng.next() - 1) * bound,
    );
    tf.tidy(() => {
      factors.set(a, tf.variable(tf.tensor2d(values, [rank, into])));
      factors.set(b, tf.variable(tf.zeros([out, rank])));
    });
  }
  return withFactors(encoder, factors, config);
}

/** The encoder with these factors, all else frozen. */
export function withFactors(
  encoder: Encoder,
  factors: ReadonlyMap<string, Variable>,
  lora: LoraConfig,
): Encoder {
  for (const parameter of encoder.parameters.values()) {
    parameter.trainable = false;
  }
  return selfShowing({
    ...encoder,
    parameters: new Map([...encoder.parameters, ...factors]),
    lora,
  });
}

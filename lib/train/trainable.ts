import type { Variable } from "../backend/mod.ts";
import type { Encoder } from "../model/mod.ts";

/** Options for {@linkcode trainable}. */
export interface TrainableOptions {
  /**
   * Parameters that stay as they are: names, or beginnings of names up to a
   * dot, e.g. `"encoder.layer.0"`. @default {[]}
   */
  freeze?: readonly string[];
  /**
   * Whether the tables of word, position and type embeddings are trained.
   * @default {true}
   */
  trainEmbeddings?: boolean;
}

/**
 * The parameters that training changes: those that the embeddings depend on,
 * without the frozen ones. A frozen parameter costs no gradient and no moments.
 *
 * @param encoder The model; it stays as it is.
 * @param options What to freeze.
 * @returns Parameters by name.
 * @throws {RangeError} If a name to freeze fits no parameter, or none is left.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import { trainable } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const all = trainable(encoder);
 * const some = trainable(encoder, { freeze: ["encoder.layer.0"], trainEmbeddings: false });
 * assert.ok(all.has("encoder.layer.0.output.dense.weight"));
 * assert.deepEqual([...some.keys()], ["embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"]);
 * ```
 */
export function trainable(
  encoder: Encoder,
  { freeze = [], trainEmbeddings = true }: TrainableOptions = {},
): ReadonlyMap<string, Variable> {
  const { parameters } = encoder;
  for (const frozen of freeze) {
    if ([...parameters.keys()].some((name) => fits(name, frozen))) continue;
    throw new RangeError(
      `Cannot freeze ${
        JSON.stringify(frozen)
      }: freeze must name parameters or beginnings of names up to a dot (such as ${
        [...parameters.keys()].slice(0, 3).join(", ")
      }): got one that fits none`,
    );
  }
  const left = [...parameters].filter(([name, parameter]) =>
    parameter.trainable &&
    !freeze.some((frozen) => fits(name, frozen)) &&
    (trainEmbeddings || !isTable(name))
  );
  if (left.length === 0) {
    throw new RangeError(
      "Cannot train: freeze must leave a parameter to train: got all of them frozen; freeze fewer",
    );
  }
  return new Map(left);
}

function fits(name: string, frozen: string): boolean {
  return name === frozen || name.startsWith(`${frozen.replace(/\.$/, "")}.`);
}

/** Whether a parameter is a table whose rows are looked up. */
function isTable(name: string): boolean {
  return /(^|\.)((word|position|token_type)_embeddings|embed_tokens)\.weight$/
    .test(name);
}

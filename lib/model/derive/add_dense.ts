import * as tf from "@tensorflow/tfjs-core";
import { standardNormal } from "../../base/standard_normal.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { mapName } from "../config/module_maps.ts";
import { embeddingSize, type Encoder } from "../encode/encoder.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options for {@linkcode addDense}. */
export interface AddDenseOptions {
  /** Length of the vectors afterwards. */
  size: number;
  /** Where its starting values come from. */
  rng: Pick<RandomSource, "next">;
}

/**
 * The same encoder with a linear map after all that it has, so that its vectors have
 * another length: those of a teacher, for instance. Whether they are normalised
 * afterwards stays as it was.
 *
 * @param encoder The encoder; it becomes part of the new one, which has its parameters
 * and two more.
 * @param options Length of the vectors.
 * @returns The encoder with the map.
 * @throws {RangeError} If the size isn't a whole number above 0, or the encoder cuts
 * its vectors.
 *
 * @example Usage
 * ```ts
 * import {
 *   addDense, bertConfig, createEncoder, createTokenizer, embeddingSize, trainTokenizer,
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
 * const wider = addDense(encoder, { size: 32, rng: createRng(1, "dense") });
 * assert.equal(embeddingSize(wider), 32);
 * ```
 */
export function addDense(
  encoder: Encoder,
  { size, rng }: AddDenseOptions,
): Encoder {
  const { modules } = encoder;
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(
      `Cannot add a linear map: size must be a whole number of at least 1: got ${size}`,
    );
  }
  if (modules.dim !== undefined) {
    throw new RangeError(
      `Cannot add a linear map: the encoder must give its whole vectors: got dim ${modules.dim}; load it without`,
    );
  }
  const width = embeddingSize(encoder);
  const { maps = [] } = modules;
  const name = mapName(maps.length);
  // So that vectors keep about the length that they have.
  const deviation = 1 / Math.sqrt(width);
  const weight = Float32Array.from(
    { length: size * width },
    () => deviation * standardNormal(rng),
  );
  const parameters = new Map(encoder.parameters);
  parameters.set(
    `${name}.linear.weight`,
    tf.tidy(() => tf.variable(tf.tensor2d(weight, [size, width]))),
  );
  parameters.set(
    `${name}.linear.bias`,
    tf.tidy(() => tf.variable(tf.zeros([size]))),
  );
  const dense = {
    kind: "dense",
    in: width,
    out: size,
    bias: true,
    activation: "identity",
  } as const;
  return selfShowing({
    ...encoder,
    modules: { ...modules, maps: [...maps, dense] },
    parameters,
  });
}

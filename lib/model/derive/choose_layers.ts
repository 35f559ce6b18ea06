import * as tf from "@tensorflow/tfjs-core";
import type { Variable } from "../../backend/mod.ts";
import { parseConfig } from "../config/config.ts";
import { familyOf } from "../config/families.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { isOfMap } from "../config/module_maps.ts";
import type { Encoder } from "../encode/encoder.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** What stands before a layer's number in the name of a parameter. */
const LAYER = /((?:^|\.)(?:layer|layers|block)\.)(\d+)(?=\.)/;

/**
 * A smaller encoder out of some layers of another: embeddings, pooling and what comes
 * after it stay the same. Its vectors aren't the other's: it is a start for training,
 * such as distillation into a fast query tower.
 *
 * @param encoder What to take from; it stays as it is.
 * @param layers Numbers of its layers, from 0, rising.
 * @returns The smaller encoder, with parameters of its own; free it with
 * {@linkcode disposeEncoder}.
 * @throws {RangeError} If there are no such layers; or if its layers can't be taken
 * apart: they share parameters, see by turns different parts of a text, or are
 * averaged; or have an adapter.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, chooseLayers, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 3, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const small = chooseLayers(encoder, [0, 2]); // the bottom one and the top one
 * assert.equal(small.config.layers, 2);
 * const name = (layer: number) => `encoder.layer.${layer}.output.dense.weight`;
 * assert.deepEqual(
 *   small.parameters.get(name(1))!.dataSync(),
 *   encoder.parameters.get(name(2))!.dataSync(),
 * );
 * ```
 */
export function chooseLayers(
  encoder: Encoder,
  layers: readonly number[],
): Encoder {
  checkLayers(encoder, layers);
  const config = configOf(encoder.config, layers);
  const sources = new Map<string, Variable>();
  const take = (name: string, source: string | undefined) => {
    const found = source === undefined
      ? undefined
      : encoder.parameters.get(source);
    if (found) sources.set(name, found);
    return found !== undefined;
  };
  for (const { name } of familyOf(config).parameters(config)) {
    const chosen = name.replace(
      LAYER,
      (_, before, layer) => `${before}${layers[Number(layer)]}`,
    );
    // What the first layer alone has (T5's table of distances) stays there.
    if (take(name, chosen) || take(name, name)) continue;
    throw new RangeError(
      `Cannot choose layers of ${config.modelType}: its parameter ${chosen} is missing`,
    );
  }
  for (const name of encoder.parameters.keys()) {
    const isKept = familyOf(config).kept?.test(name) ?? false;
    if (isKept || isOfMap(name)) take(name, name);
  }
  const parameters = new Map(
    [...sources].map(([name, source]) => [
      name,
      tf.tidy(() => tf.variable(tf.clone(source), source.trainable)),
    ]),
  );
  return selfShowing({ ...encoder, config, parameters });
}

function checkLayers(
  { config, modules, lora }: Encoder,
  layers: readonly number[],
): void {
  const wrong = layers.some((layer, i) =>
    !Number.isInteger(layer) || layer < 0 || layer >= config.layers ||
    (i > 0 && layer <= layers[i - 1]!)
  );
  if (wrong || layers.length === 0) {
    throw new RangeError(
      `Cannot choose layers: layers must be rising numbers from 0 to ${
        config.layers - 1
      }: got ${layers.join(", ") || "none"}`,
    );
  }
  const why = lora
    ? "it has an adapter; make it part of the weights before, by mergeLora()"
    : modules.layerMix
    ? "its vectors are an average of layers"
    : "layerGroups" in config && config.layerGroups !== undefined
    ? "its layers share their parameters"
    : undefined;
  if (why) {
    throw new RangeError(`Cannot choose layers of ${config.modelType}: ${why}`);
  }
}

/** Lists of a configuration with an entry for each layer. */
const BY_LAYER = ["windows", "windowed"];

/** The configuration of some layers; one that its file couldn't tell is refused. */
function configOf(
  { original, ...config }: ModelConfig,
  layers: readonly number[],
): ModelConfig {
  const chosen = (list: unknown) =>
    Array.isArray(list) && list.length === config.layers
      ? layers.map((layer) => list[layer])
      : list;
  const reduced = Object.fromEntries(
    Object.entries({ ...config, layers: layers.length }).map((
      [name, value],
    ) => [
      name,
      BY_LAYER.includes(name) ? chosen(value) : value,
    ]),
  ) as unknown as ModelConfig;
  const file = {
    ...original,
    ...original?.layer_types !== undefined &&
      { layer_types: chosen(original.layer_types) },
    ...familyOf(reduced).fields(reduced),
  };
  const { original: written, ...again } = parseConfig(file);
  if (!BY_LAYER.every((name) => sameField(name, reduced, again))) {
    throw new RangeError(
      `Cannot choose layers of ${config.modelType}: some see all of a text and some a window, in turns; choose layers that keep their order, such as the first ones`,
    );
  }
  return { ...reduced, ...original && { original: written } } as ModelConfig;
}

function sameField(name: string, a: ModelConfig, b: ModelConfig): boolean {
  const of = (config: ModelConfig) =>
    JSON.stringify((config as unknown as Record<string, unknown>)[name]);
  return of(a) === of(b);
}

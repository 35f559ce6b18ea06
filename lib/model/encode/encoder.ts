import type { RandomSource } from "../../base/random_source.ts";
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "../../backend/mod.ts";
import { type Dropout, rowSeeds } from "./dropout.ts";
import { type ForwardOptions, openLayers } from "./layers.ts";
import { checkVocabulary } from "../tokenizer/check_vocabulary.ts";
import { selectTokens, type TokenPosition } from "./token_selection.ts";
import {
  mapForward,
  mapParameters,
  mappedSize,
} from "../config/module_maps.ts";
import { familyOf } from "../config/families.ts";
import type { ParameterSpec } from "../config/family.ts";
import type { LoraConfig } from "../lora/lora_config.ts";
import {
  type LayerMix,
  type ModulesConfig,
  type Pooling,
  poolings,
} from "../config/modules.ts";
import { layerMixer } from "./layer_mix.ts";
import { pool } from "./pooling.ts";
import { packTexts, type TokenBatch } from "../tokenizer/token_batch.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import {
  forgetPanels,
  type InferencePrecision,
  type KernelOptions,
  l2Normalize,
  takeColumns,
  Tape,
} from "../../backend/kernels/mod.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** A text encoder: everything that turns texts into vectors. */
export interface Encoder {
  /** Sizes and kind of the transformer. */
  readonly config: ModelConfig;
  /** Text to token ids. */
  readonly tokenizer: Tokenizer;
  /** Pooling, what comes after it, and the length limit. */
  readonly modules: ModulesConfig;
  /**
   * Most tokens of a text, special ones included: what the modules say, and at
   * most as many as the model has positions for.
   */
  readonly maxLength: number;
  /**
   * Parameters by the name that Hugging Face's files give them, without the
   * family's prefix. Those that the embedding doesn't depend on (BERT's
   * pooler) are kept as they came and are not trainable.
   */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** The adapter whose factors are among the parameters, if there is one. */
  readonly lora?: LoraConfig;
}

/** Options for {@linkcode createEncoder}. */
export interface CreateEncoderOptions {
  /** Where the starting values come from, e.g. `createRng(seed, "model")`. */
  rng: Pick<RandomSource, "next">;
  /** Pooling, what comes after it, and the length limit. */
  modules: ModulesConfig;
}

/**
 * Makes an encoder of any family with random weights: normal with the deviation
 * of `config.initializerRange`, biases 0, gains 1. Where the last token stands
 * for the text, a tokenizer that doesn't end texts is made to.
 *
 * @param config Sizes; its vocabulary must hold the tokenizer's.
 * @param tokenizer The tokenizer.
 * @param options Where the values come from; pooling and limits.
 * @returns The encoder; free it with {@linkcode disposeEncoder}.
 * @throws {RangeError} If the tokenizer has more entries than the model.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, disposeEncoder, encodeTexts,
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
 * const words = encoder.parameters.get("embeddings.word_embeddings.weight")!;
 * assert.deepEqual(words.shape, [tokenizer.vocabSize, 8]);
 * const { data } = await encodeTexts(encoder, ["red"]);
 * assert.ok(Math.abs(Math.hypot(...data) - 1) < 1e-6); // normalize: true
 * disposeEncoder(encoder);
 * ```
 */
export function createEncoder(
  config: ModelConfig,
  tokenizer: Tokenizer,
  { rng, modules }: CreateEncoderOptions,
): Encoder {
  checkVocabulary(config, tokenizer, "make an encoder");
  const normal = normalSource(rng, config.initializerRange);
  const values = ({ shape, init }: ParameterSpec): Tensor => {
    if (init === "zeros") return tf.zeros(shape);
    if (init === "ones") return tf.ones(shape);
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: size }, normal);
    return tf.tensor(data, shape, "float32");
  };
  const specs = [
    ...familyOf(config).parameters(config),
    ...mapParameters(modules, config.hiddenSize),
  ];
  checkMemory(specs);
  const parameters = new Map(
    specs.map((spec) => [
      spec.name,
      tf.tidy(() => tf.variable(values(spec))),
    ]),
  );
  return selfShowing({
    config,
    tokenizer: poolings(modules).includes("lastToken")
      ? tokenizer.withEnd() ?? tokenizer
      : tokenizer,
    modules,
    maxLength: lengthLimit({ config, modules }, Infinity),
    parameters,
  });
}

/** Most numbers in a model: 34 GB of them. */
const MOST_NUMBERS = 2 ** 33;

/** Refuses a model that no machine can make, before it tries for hours. */
function checkMemory(specs: readonly ParameterSpec[]): void {
  const count = specs.reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  if (count <= MOST_NUMBERS) return;
  throw new RangeError(
    `Cannot make an encoder: its parameters must be at most ${MOST_NUMBERS} numbers: got ${count}; make it narrower, or give it fewer layers`,
  );
}

/** Normal numbers by Box and Muller's transform, two from two. */
function normalSource(
  rng: Pick<RandomSource, "next">,
  deviation: number,
): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - rng.next()));
    const angle = 2 * Math.PI * rng.next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * A copy with parameters of its own, e.g. to train several models from the
 * same start.
 *
 * @param encoder What to copy; it stays as it is.
 * @returns The copy; free it with {@linkcode disposeEncoder}.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, cloneEncoder, createEncoder, createTokenizer, disposeEncoder,
 *   encodeTexts, trainTokenizer,
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
 * const { data } = await encodeTexts(encoder, ["red"]);
 * const copy = cloneEncoder(encoder);
 * disposeEncoder(encoder); // the copy has parameters of its own
 * assert.deepEqual((await encodeTexts(copy, ["red"])).data, data);
 * ```
 */
export function cloneEncoder(encoder: Encoder): Encoder {
  const parameters = new Map(
    [...encoder.parameters].map(([name, parameter]) => [
      name,
      tf.tidy(() => tf.variable(tf.clone(parameter), parameter.trainable)),
    ]),
  );
  return selfShowing({ ...encoder, parameters });
}

/** Frees an encoder's parameters; it can't be used afterwards. */
export function disposeEncoder(encoder: Encoder): void {
  forgetPanels(encoder.parameters.values());
  tf.dispose([...encoder.parameters.values()]);
}

/**
 * Token ids of texts, cut as the encoder takes them.
 *
 * @param encoder Whose tokenizer.
 * @param texts The texts.
 * @param options Most tokens of a text, special ones included; the model's own
 * limit holds too.
 */
export function tokenize(
  encoder: Encoder,
  texts: readonly string[],
  { maxLength = Infinity }: { maxLength?: number } = {},
): TokenBatch {
  const { tokenizer, config, modules } = encoder;
  const { ids } = tokenizer.encode(texts, {
    maxLength: lengthLimit({ config, modules }, maxLength),
  });
  return packTexts(ids);
}

/** Options for {@linkcode hiddenStates}. */
export interface HiddenStatesOptions extends Omit<ForwardOptions, "lora"> {
  /** Layers to average; not together with `only`. @default {the last alone} */
  mix?: LayerMix | undefined;
}

/**
 * Hidden states of tokenised texts, those that transformers' `AutoModel`
 * returns as `last_hidden_state`. Differentiable by the encoder's parameters.
 *
 * @param encoder The model.
 * @param batch Token ids of B texts; a padded batch goes in by `unpad()`.
 * @param options Tape; a look at each layer; whether one token a text will do.
 * @returns Hidden states, shape `[T, D]`, or a row for each text under `only`;
 * the caller owns them.
 * @throws {RangeError} If a text is longer than the model's positions, or a
 * token id beyond its vocabulary.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, hiddenStates, tokenize,
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
 * const batch = tokenize(encoder, ["red", "green blue"]);
 * const states = hiddenStates(encoder, batch); // a row for each token
 * assert.deepEqual(states.shape, [batch.ids.length, 8]);
 * states.dispose();
 * ```
 */
export function hiddenStates(
  { config, parameters, lora }: Encoder,
  batch: TokenBatch,
  { mix, ...options }: HiddenStatesOptions = {},
): Tensor2D {
  const most = config.vocabSize;
  const wrong = batch.ids.findIndex((id) => id < 0 || id >= most);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot encode token id ${
        batch.ids[wrong]
      }: it must be in [0, ${most}), the model's vocabulary; a padding token that was added by hand can't be part of a text`,
    );
  }
  if (batch.ids.length === 0) return tf.zeros([0, config.hiddenSize]);
  return tf.tidy(() => {
    const mixer = mix && layerMixer(mix, options);
    const last = familyOf(config).forward(config, parameters, batch, {
      ...options,
      lora,
      onLayer(layer, hidden) {
        mixer?.take(layer, hidden);
        options.onLayer?.(layer, hidden);
      },
    });
    return mixer ? mixer.mixed() : last;
  });
}

/** The poolings that look at one token of a text. */
const ONE_TOKEN: Partial<Record<Pooling, TokenPosition>> = {
  cls: "first",
  lastToken: "last",
};

/** Options for {@linkcode embed}. */
export interface EmbedOptions extends KernelOptions {
  /** What products multiply; a tape has its own. @default {"float32"} */
  precision?: InferencePrecision | undefined;
  /** In training: the share of numbers dropped, and a seed for each text `[B]`. */
  dropout?: Dropout | undefined;
}

/**
 * Vectors of tokenised texts: forward pass, pooling, what comes after it.
 * Differentiable by the encoder's parameters.
 *
 * @param encoder The model.
 * @param batch Token ids of B texts; a padded batch goes in by `unpad()`.
 * @param options Tape; dropout; precision.
 * @returns Embeddings, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, embed, encodeTexts, tokenize,
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
 * const vectors = embed(encoder, tokenize(encoder, ["red", "green blue"]));
 * assert.deepEqual(vectors.shape, [2, 8]);
 * const { data } = await encodeTexts(encoder, ["red", "green blue"]);
 * vectors.dataSync().forEach((value, i) => assert.ok(Math.abs(value - data[i]!) < 1e-6));
 * vectors.dispose();
 * ```
 */
export function embed(
  encoder: Encoder,
  batch: TokenBatch,
  { tape: given, dropout, precision = "float32" }: EmbedOptions = {},
): Tensor2D {
  const { parameters, modules } = encoder;
  if (batch.ids.length === 0) { // texts without any token
    return tf.zeros([batch.offsets.length - 1, embeddingSize(encoder)]);
  }
  const tape = given ?? inferenceTape(precision);
  return tf.tidy(() => {
    const { pooling, layerMix: mix, dim = Infinity } = modules;
    const [rule, another] = poolings(modules);
    const only = mix || another ? undefined : ONE_TOKEN[rule!];
    const hidden = hiddenStates(encoder, batch, {
      tape,
      dropout: dropout &&
        { ...dropout, seeds: rowSeeds(dropout.seeds, batch) },
      only,
      mix,
    }); // [T, D], or a row a text
    const sequences = only ? selectTokens(batch, only).sequences : batch;
    const layers = openLayers(parameters, { tape });
    const tokens = mapForward(hidden, modules, { layers, on: "tokens" });
    const pooled = pool(tokens, sequences, { pooling, tape });
    const mapped = mapForward(pooled, modules, { layers, on: "texts" });
    const kept = dim < mapped.shape[1]
      ? takeColumns(mapped, { count: dim, tape })
      : mapped;
    return modules.normalize ? l2Normalize(kept, { tape }) : kept;
  });
}

/** A tape that wants no gradient records nothing; it carries the precision. */
export function inferenceTape(precision: InferencePrecision): Tape | undefined {
  if (precision === "float32") return;
  return new Tape([], { parameters: [], precision });
}

/** Length of an encoder's vectors. */
export function embeddingSize(
  { config, modules }: Pick<Encoder, "config" | "modules">,
): number {
  return Math.min(
    modules.dim ?? Infinity,
    mappedSize(modules, config.hiddenSize),
  );
}

/** Most tokens of a text: the caller's limit, the model's, and its positions. */
export function lengthLimit(
  { config, modules }: Pick<Encoder, "config" | "modules">,
  maxLength: number,
): number {
  return Math.min(
    maxLength,
    modules.maxLength ?? Infinity,
    familyOf(config).longest(config),
  );
}

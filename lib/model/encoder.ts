import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "../backend/mod.ts";
import { join } from "node:path";
import { type KernelOptions, l2Normalize } from "../backend/mod.ts";
import { type Dropout, rowSeeds } from "./_dropout.ts";
import { bertForward, bertParameters, type ParameterSpec } from "./bert.ts";
import { isFactor } from "./lora/_modules.ts";
import { loadLora } from "./lora/load_lora.ts";
import type { LoraConfig } from "./lora/lora_config.ts";
import { saveLora } from "./lora/save_lora.ts";
import { type ModelConfig, readConfig, writeConfig } from "./config.ts";
import { type ModulesConfig, readModules, writeModules } from "./modules.ts";
import { pool } from "./pooling.ts";
import { openWeights, writeSafetensors } from "./safetensors.ts";
import { packTexts, type TokenBatch } from "./token_batch.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";

/** A text encoder: everything that turns texts into vectors. */
export interface Encoder {
  /** Sizes and kind of the transformer. */
  readonly config: ModelConfig;
  /** Text to token ids. */
  readonly tokenizer: Tokenizer;
  /** Pooling, normalisation and length limit. */
  readonly modules: ModulesConfig;
  /**
   * Parameters by the name that Hugging Face's files give them, without the
   * family's prefix. Those that the embedding doesn't depend on (BERT's
   * pooler) are kept as they came and are not trainable.
   */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** The adapter whose factors are among the parameters, if there is one. */
  readonly lora?: LoraConfig;
}

/** What {@linkcode createEncoder} draws its starting values from. */
export interface UniformSource {
  /** A number in [0, 1). */
  next(): number;
}

/** Options for {@linkcode createEncoder}. */
export interface CreateEncoderOptions {
  /** Where the starting values come from, e.g. `createRng(seed, "model")`. */
  rng: UniformSource;
  /** Pooling, normalisation and length limit. */
  modules: ModulesConfig;
}

/**
 * Makes an encoder with random weights as BERT starts: normal with the
 * deviation of `config.initializerRange`, biases 0, gains 1.
 *
 * @param config Sizes; its vocabulary must hold the tokenizer's.
 * @param tokenizer The tokenizer.
 * @param options Where the values come from; pooling and limits.
 * @returns The encoder; free it with {@linkcode disposeEncoder}.
 * @throws {RangeError} If the tokenizer has more entries than the model.
 *
 * @example Usage
 * ```ts
 * import { createEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof createEncoder, "function"); // mod.ts shows a whole one
 * ```
 */
export function createEncoder(
  config: ModelConfig,
  tokenizer: Tokenizer,
  { rng, modules }: CreateEncoderOptions,
): Encoder {
  checkVocabulary(config, tokenizer);
  const normal = normalSource(rng, config.initializerRange);
  const values = ({ shape, init }: ParameterSpec): Tensor => {
    if (init === "zeros") return tf.zeros(shape);
    if (init === "ones") return tf.ones(shape);
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: size }, normal);
    return tf.tensor(data, shape, "float32");
  };
  const parameters = new Map(
    bertParameters(config).map((spec) => [
      spec.name,
      tf.tidy(() => tf.variable(values(spec))),
    ]),
  );
  return { config, tokenizer, modules, parameters };
}

/** Normal numbers by Box and Muller's transform, two from two. */
function normalSource(
  rng: UniformSource,
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
 * Loads an encoder from a Hugging Face folder: `config.json`,
 * `model.safetensors` (or shards), `tokenizer.json`, and what
 * sentence-transformers keeps beside them.
 *
 * @param folder The folder.
 * @returns The encoder; free it with {@linkcode disposeEncoder}.
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {SyntaxError} If a file is malformed.
 * @throws {RangeError} If a tensor is missing or has another shape than
 * `config.json` says; the message names it.
 *
 * @example Usage
 * ```ts
 * import { loadEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(loadEncoder("no/such/folder"), /Cannot/);
 * ```
 */
export async function loadEncoder(folder: string): Promise<Encoder> {
  const config = await readConfig(folder);
  const modules = await readModules(folder);
  const tokenizer = await loadTokenizer(folder);
  checkVocabulary(config, tokenizer);
  using weights = await openWeights(folder);
  const names = new Map([...weights.tensors.keys()].map((name) => [
    name.replace(/^bert\./, ""),
    name,
  ]));
  const parameters = new Map<string, Variable>();
  try {
    for (const { name, shape } of bertParameters(config)) {
      const stored = names.get(name);
      const info = stored && weights.tensors.get(stored);
      if (!stored || !info) {
        throw new RangeError(
          `Cannot load ${folder}: tensor ${name} is missing; is config.json the one of these weights?`,
        );
      }
      if (info.shape.join() !== shape.join()) {
        throw new RangeError(
          `Cannot load ${folder}: tensor ${stored} must have shape [${shape}]: got [${info.shape}]; is config.json the one of these weights?`,
        );
      }
      parameters.set(name, variable(await weights.read(stored), shape, true));
    }
    for (const name of ["pooler.dense.weight", "pooler.dense.bias"]) {
      const stored = names.get(name);
      if (!stored) continue;
      const { shape } = weights.tensors.get(stored)!;
      parameters.set(name, variable(await weights.read(stored), shape, false));
    }
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  }
  const encoder = { config, tokenizer, modules, parameters };
  const adapter = join(folder, ADAPTER);
  return await isFile(join(adapter, "adapter_config.json"))
    ? await loadLora(encoder, adapter)
    : encoder;
}

/** Where the adapter of a saved encoder lies, in its folder. */
const ADAPTER = "adapter";

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** Options for {@linkcode saveEncoder}. */
export interface SaveEncoderOptions {
  /** How the weights are stored. @default {"float32"} */
  dtype?: "float32" | "bfloat16" | "float16";
}

const STORED = { float32: "F32", bfloat16: "BF16", float16: "F16" } as const;

/**
 * Saves an encoder as a Hugging Face folder that `transformers` and
 * `sentence-transformers` load. Files already in the folder are replaced. An
 * adapter goes to the folder `adapter` in it, in peft's format; `mergeLora()`
 * before makes it part of the weights.
 *
 * @param encoder What to save.
 * @param folder Folder; made if absent.
 * @param options How the weights are stored.
 *
 * @example Usage
 * ```ts
 * import { saveEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof saveEncoder, "function"); // mod.ts shows a round trip
 * ```
 */
export async function saveEncoder(
  encoder: Encoder,
  folder: string,
  { dtype = "float32" }: SaveEncoderOptions = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await encoder.tokenizer.save(folder);
  await writeModules(folder, encoder.modules, {
    dimension: encoder.config.hiddenSize,
  });
  await writeSafetensors(
    join(folder, "model.safetensors"),
    [...encoder.parameters].filter(([name]) => !isFactor(name)).map((
      [name, parameter],
    ) => ({
      name,
      shape: parameter.shape,
      data: async () => await parameter.data() as Float32Array,
    })),
    { dtype: STORED[dtype] },
  );
  if (encoder.lora) await saveLora(encoder, join(folder, ADAPTER));
  await writeConfig(folder, encoder.config, { dtype });
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
 * import { cloneEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof cloneEncoder, "function"); // mod.ts shows it at work
 * ```
 */
export function cloneEncoder(encoder: Encoder): Encoder {
  const parameters = new Map(
    [...encoder.parameters].map(([name, parameter]) => [
      name,
      tf.tidy(() => tf.variable(tf.clone(parameter), parameter.trainable)),
    ]),
  );
  return { ...encoder, parameters };
}

/** Frees an encoder's parameters; it can't be used afterwards. */
export function disposeEncoder(encoder: Encoder): void {
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

/** Options for {@linkcode embed}. */
export interface EmbedOptions extends KernelOptions {
  /** In training: the share of numbers dropped, and a seed for each text `[B]`. */
  dropout?: Dropout | undefined;
}

/**
 * Vectors of tokenised texts: forward pass, pooling, normalisation.
 * Differentiable by the encoder's parameters.
 *
 * @param encoder The model.
 * @param batch Token ids of B texts; a padded batch goes in by `unpad()`.
 * @param options Tape; dropout.
 * @returns Embeddings, shape `[B, D]`; the caller owns them.
 *
 * @example Usage
 * ```ts
 * import { embed } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof embed, "function"); // encodeTexts() is the everyday way
 * ```
 */
export function embed(
  encoder: Encoder,
  batch: TokenBatch,
  { tape, dropout }: EmbedOptions = {},
): Tensor2D {
  const { config, parameters, modules, lora } = encoder;
  const { pooling, normalize } = modules;
  if (batch.ids.length === 0) { // texts without any token
    return tf.zeros([batch.offsets.length - 1, config.hiddenSize]);
  }
  return tf.tidy(() => {
    const hidden = bertForward(config, parameters, batch, {
      tape,
      lora,
      dropout: dropout &&
        { ...dropout, seeds: rowSeeds(dropout.seeds, batch) },
    }); // [T, D]
    const pooled = pool(hidden, batch, { pooling, tape }); // [B, D]
    return normalize ? l2Normalize(pooled, { tape }) : pooled;
  });
}

/** Most tokens of a text: the caller's limit, the model's, and its positions. */
export function lengthLimit(
  { config, modules }: Pick<Encoder, "config" | "modules">,
  maxLength: number,
): number {
  return Math.min(
    maxLength,
    modules.maxLength ?? Infinity,
    config.maxPositions,
  );
}

function variable(
  data: Float32Array,
  shape: number[],
  trainable: boolean,
): Variable {
  return tf.tidy(() =>
    tf.variable(tf.tensor(data, shape, "float32"), trainable)
  );
}

function checkVocabulary(config: ModelConfig, tokenizer: Tokenizer): void {
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot make an encoder: the tokenizer has ${tokenizer.vocabSize} entries, ` +
        `config.json says vocab_size ${config.vocabSize}; take the tokenizer of this model`,
    );
  }
}

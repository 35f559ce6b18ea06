import { join } from "node:path";
import type { z } from "zod";
import { writeWhole } from "../data/write_whole.ts";
import { BERT_DEFAULTS, bertFields, parseBert } from "./_config_bert.ts";
import { shown } from "./_safetensors_header.ts";

/** Sizes and choices of a BERT encoder. */
export interface BertConfig {
  /** Family. */
  modelType: "bert";
  /** Rows of the token table. */
  vocabSize: number;
  /** Width of the hidden states; a multiple of `heads`. */
  hiddenSize: number;
  /** Number of layers. */
  layers: number;
  /** Attention heads of a layer. */
  heads: number;
  /** Width of the feed-forward part. */
  intermediateSize: number;
  /** Rows of the position table: the longest text in tokens. */
  maxPositions: number;
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Added to the variance in a layer norm. */
  layerNormEps: number;
  /** Activation: `gelu` is the erf form, `gelu_new` the tanh form. */
  hiddenAct: "gelu" | "gelu_new" | "relu";
  /** Id of the padding token, whose row gets no gradient; `null` for none. */
  padTokenId: number | null;
  /** Standard deviation of new weights. */
  initializerRange: number;
}

/** Configuration of a model of any supported family; `modelType` tells which. */
export type ModelConfig = BertConfig;

/** How a family reads and writes its configuration; a new one is a row here. */
const FAMILIES: {
  readonly [T in ModelConfig["modelType"]]: {
    parse(
      json: unknown,
    ): z.ZodSafeParseResult<Extract<ModelConfig, { modelType: T }>>;
    fields(
      config: Extract<ModelConfig, { modelType: T }>,
    ): Record<string, unknown>;
  };
} = {
  bert: { parse: parseBert, fields: bertFields },
};

/**
 * A BERT configuration; what isn't said is as in `bert-base-uncased`.
 *
 * @param sizes What differs from the defaults of transformers.
 * @throws {RangeError} If a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { bertConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const config = bertConfig({ hiddenSize: 128, heads: 4, layers: 2 });
 * assert.equal(config.vocabSize, 30522);
 * assert.throws(() => bertConfig({ hiddenSize: 130, heads: 4 }), RangeError);
 * ```
 */
export function bertConfig(
  sizes: Partial<Omit<BertConfig, "modelType">> = {},
): BertConfig {
  const config = { ...BERT_DEFAULTS, ...sizes };
  const fields = bertFields(config);
  const { error } = parseBert(fields);
  if (error) {
    throw new RangeError(
      `Cannot make a BERT configuration: ${issue(error, fields)}`,
    );
  }
  return config;
}

/** Options for {@linkcode parseConfig}. */
export interface ParseConfigOptions {
  /** Where the object comes from, for messages. @default {"config.json"} */
  path?: string;
}

/**
 * Reads the content of a Hugging Face `config.json`, in the layout of
 * transformers 4 or 5. Fields that don't change what the encoder computes are
 * passed over.
 *
 * @param json The parsed file.
 * @param options Where it comes from.
 * @throws {SyntaxError} If the family isn't supported or a field is wrong.
 *
 * @example Usage
 * ```ts
 * import { parseConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const config = parseConfig({ model_type: "bert", num_hidden_layers: 6 });
 * assert.equal(config.layers, 6);
 * assert.throws(() => parseConfig({ model_type: "t5" }), SyntaxError);
 * ```
 */
export function parseConfig(
  json: unknown,
  { path = "config.json" }: ParseConfigOptions = {},
): ModelConfig {
  const family = (json as { model_type?: unknown } | null)?.model_type;
  if (typeof family !== "string" || !Object.hasOwn(FAMILIES, family)) {
    throw new SyntaxError(
      `Cannot read ${path}: model_type must be one of ${
        Object.keys(FAMILIES).join(", ")
      }: got ${shown(family)}`,
    );
  }
  const { data, error } = FAMILIES[family as ModelConfig["modelType"]]
    .parse(json);
  if (error) {
    throw new SyntaxError(`Cannot read ${path}: ${issue(error, json)}`);
  }
  return data;
}

/**
 * Reads `config.json` of a Hugging Face folder.
 *
 * @param folder Folder of a checkpoint.
 * @throws {Deno.errors.NotFound} If there is no `config.json`.
 * @throws {SyntaxError} As {@linkcode parseConfig}, or if it is not JSON.
 *
 * @example Usage
 * ```ts
 * import { bertConfig, readConfig, writeConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const config = bertConfig({ layers: 3 });
 * await writeConfig(folder, config);
 * assert.deepEqual(await readConfig(folder), config);
 * ```
 */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, "config.json");
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: there is no such file; a model folder has config.json, tokenizer.json and model.safetensors`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SyntaxError(`Cannot read ${path}: it is not JSON`);
  }
  return parseConfig(json, { path });
}

/** Options for {@linkcode writeConfig}. */
export interface WriteConfigOptions {
  /** Type of the weights beside it. @default {"float32"} */
  dtype?: "float32" | "bfloat16" | "float16";
}

/**
 * Writes `config.json` so that transformers loads it.
 *
 * @param folder Folder of a checkpoint; made if it is missing.
 * @param config The configuration.
 * @param options Type of the weights.
 *
 * @example Usage
 * ```ts
 * import { bertConfig, writeConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeConfig(folder, bertConfig());
 * const text = await Deno.readTextFile(`${folder}/config.json`);
 * assert.equal(JSON.parse(text).model_type, "bert");
 * ```
 */
export async function writeConfig(
  folder: string,
  config: ModelConfig,
  { dtype = "float32" }: WriteConfigOptions = {},
): Promise<void> {
  const fields = {
    ...FAMILIES[config.modelType].fields(config),
    // transformers 5 reads `dtype`, older ones `torch_dtype`.
    torch_dtype: dtype,
    dtype,
  };
  await writeWhole(
    join(folder, "config.json"),
    `${JSON.stringify(fields, null, 2)}\n`,
  );
}

/** The first thing that zod found, in one line. */
function issue(error: z.ZodError, json?: unknown): string {
  const { path, message } = error.issues[0]!;
  const found = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  const got = json === undefined ? "" : `, got ${shown(found)}`;
  return `${path.join(".")}: ${message}${got}`;
}

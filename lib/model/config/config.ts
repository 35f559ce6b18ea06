import { join } from "node:path";
import type { z } from "zod";
import { writeWhole } from "../../base/files/write_whole.ts";
import { readJson } from "../../base/files/json_file.ts";
import { shown } from "../../base/shown.ts";
import { familyOf, familyOfFile, MODEL_TYPES } from "./families.ts";
import type { BertConfig, DecoderConfig, ModelConfig } from "./model_config.ts";
import { nearestFamily } from "./nearest_family.ts";

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
  return withSizes({ modelType: "bert", ...sizes }) as BertConfig;
}

/**
 * A decoder's configuration; what isn't said is as in transformers, except that
 * `keyHeads`, `headSize`, `attentionScale` and `windows` follow from the rest.
 *
 * @param sizes The family, and what differs from its defaults.
 * @throws {RangeError} If a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { decoderConfig } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const config = decoderConfig({
 *   modelType: "qwen2",
 *   hiddenSize: 64,
 *   layers: 2,
 *   heads: 4,
 *   keyHeads: 2,
 * });
 * assert.equal(config.headSize, 16);
 * assert.deepEqual(config.windows, [null, null]);
 * ```
 */
export function decoderConfig(
  sizes:
    & Partial<Omit<DecoderConfig, "modelType">>
    & Pick<DecoderConfig, "modelType">,
): DecoderConfig {
  const { hiddenSize, heads } = sizes;
  const derived: Partial<DecoderConfig> = {};
  if (heads !== undefined) derived.keyHeads = heads;
  if (hiddenSize !== undefined && heads !== undefined) {
    derived.headSize = hiddenSize / heads;
  }
  if (sizes.layers !== undefined) {
    derived.windows = Array.from({ length: sizes.layers }, () => null);
  }
  const headSize = sizes.headSize ?? derived.headSize;
  if (headSize !== undefined) derived.attentionScale = headSize ** -0.5;
  return withSizes({ ...derived, ...sizes }) as DecoderConfig;
}

/** A family's defaults with some values changed, checked as a file's are. */
function withSizes(
  sizes: Partial<ModelConfig> & Pick<ModelConfig, "modelType">,
): ModelConfig {
  const family = familyOf(sizes);
  const { original: _, ...defaults } = parseConfig({
    model_type: sizes.modelType,
  });
  const config = { ...defaults, ...sizes } as ModelConfig;
  const fields = family.fields(config);
  const { error } = family.parse(fields);
  if (error) {
    const name = sizes.modelType === "bert" ? "BERT" : sizes.modelType;
    throw new RangeError(
      `Cannot make a ${name} configuration: ${issue(error, fields)}`,
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
 * passed over, and kept for {@linkcode writeConfig}.
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
 * assert.throws(() => parseConfig({ model_type: "gpt2" }), /nearest that works is llama/);
 * ```
 */
export function parseConfig(
  json: unknown,
  { path = "config.json" }: ParseConfigOptions = {},
): ModelConfig {
  const named = (json as { model_type?: unknown } | null)?.model_type;
  const family = familyOfFile(json);
  if (!family) {
    throw new SyntaxError(
      `Cannot read ${path}: model_type must be one of ${
        MODEL_TYPES.join(", ")
      }: got ${shown(named)}${nearestFamily(named)}`,
    );
  }
  const { data, error } = family.parse(json);
  if (error) {
    throw new SyntaxError(`Cannot read ${path}: ${issue(error, json)}`);
  }
  return { ...data, original: json as Record<string, unknown> };
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
 * const { original, ...read } = await readConfig(folder);
 * assert.deepEqual(read, config);
 * assert.equal(original?.num_hidden_layers, 3);
 * ```
 */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, "config.json");
  const json = await readJson(
    path,
    "a model folder has config.json, tokenizer.json and model.safetensors",
  );
  return parseConfig(json, { path });
}

/** Options for {@linkcode writeConfig}. */
export interface WriteConfigOptions {
  /** Type of the weights beside it. @default {"float32"} */
  dtype?: "float32" | "bfloat16" | "float16";
  /** More fields. @default {{}} */
  fields?: Readonly<Record<string, unknown>>;
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
  { dtype = "float32", fields: more = {} }: WriteConfigOptions = {},
): Promise<void> {
  const fields = {
    ...config.original,
    ...familyOf(config).fields(config),
    ...more,
    // transformers 5 reads `dtype`, older ones `torch_dtype`.
    torch_dtype: dtype,
    dtype,
  };
  await writeWhole(
    join(folder, "config.json"),
    `${withFloats(JSON.stringify(fields, null, 2))}\n`,
  );
}

/** Fields of floats: transformers 5 refuses a whole number in most of them. */
const FLOATS =
  /"\w*(softcapping|theta|factor|base_freq|eps|range|prob|dropout|beta_fast|beta_slow|mscale|mscale_all_dim)": -?\d+(?=,?$)/gm;

/** The text of a configuration with `3` as `3.0` where a float is meant. */
function withFloats(json: string): string {
  return json.replace(FLOATS, "$&.0");
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

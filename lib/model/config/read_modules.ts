import { readTextIfThere } from "../../base/files/read_text.ts";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../base/files/json_file.ts";
import { shown } from "../../base/shown.ts";
import { ACTIVATION_CLASSES, POOLING_MODES } from "./module_names.ts";
import { type ModuleEntry, readModuleList } from "./module_list.ts";
import type { DenseModule, ModulesConfig, Pooling } from "./modules.ts";
import { named } from "../../base/named.ts";

/** Flags for ways of pooling that we don't have. */
const OTHER_FLAGS = [
  "pooling_mode_max_tokens",
  "pooling_mode_mean_sqrt_len_tokens",
];

const DenseFile = z.looseObject({
  in_features: z.int().positive(),
  out_features: z.int().positive(),
  bias: z.boolean().default(true),
  activation_function: z.enum(
    Object.values(ACTIVATION_CLASSES) as [string, ...string[]],
  ).default(ACTIVATION_CLASSES.tanh),
});

/** Classes of modules that we run. */
const MODULE_KINDS = ["Transformer", "Pooling", "Dense", "Normalize"];

const PoolingFile = z.looseObject({
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  include_prompt: z.literal(
    true,
    "must be true: prompts can't be left out of pooling",
  ).default(true),
});

const TransformerFile = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
});

const TokenizerFile = z.looseObject({ model_max_length: z.unknown() });

/** transformers writes 1e30 for "no limit". */
const NO_LIMIT = 1e6;

const PromptsFile = z.looseObject({
  prompts: named(z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
  tdro: z.looseObject({
    queryLength: z.int().positive(),
    passageLength: z.int().positive(),
  }).optional(),
});

/**
 * Reads sentence-transformers' files of a model folder: `modules.json`,
 * `1_Pooling/config.json`, `sentence_bert_config.json` and
 * `config_sentence_transformers.json`.
 *
 * A folder without `modules.json` is a plain encoder: it gets mean pooling, as
 * sentence-transformers does, and normalised vectors, as dense retrieval
 * compares cosines (sentence-transformers itself would not normalise).
 *
 * @param folder Folder of a checkpoint.
 * @throws {SyntaxError} If a file is malformed, or asks for a module or a way
 * of pooling that we don't have.
 * @throws {Deno.errors.NotFound} If `modules.json` names a pooling folder
 * without `config.json`.
 *
 * @example Usage
 * ```ts
 * import { readModules } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const plain = await readModules(await Deno.makeTempDir());
 * assert.equal(plain.pooling, "mean");
 * assert.equal(plain.normalize, true);
 * assert.equal(plain.maxLength, undefined);
 * ```
 */
export async function readModules(folder: string): Promise<ModulesConfig> {
  const config: ModulesConfig = {
    pooling: "mean",
    normalize: true,
    prompts: {},
  };
  const list = await readModuleList(folder);
  if (list) await takeModules(folder, list, config);
  const maxLength = await readMaxLength(join(folder, list?.[0]?.path ?? ""));
  if (maxLength !== undefined) config.maxLength = maxLength;
  const file = await readIfPresent(
    join(folder, "config_sentence_transformers.json"),
    PromptsFile,
  );
  config.prompts = Object.fromEntries(
    Object.entries(file?.prompts ?? {}).filter(([, text]) => text !== null),
  ) as Record<string, string>;
  if (file?.default_prompt_name) {
    config.defaultPromptName = file.default_prompt_name;
  }
  if (file?.tdro) {
    const { queryLength: query, passageLength: passage } = file.tdro;
    config.lengths = { query, passage };
  }
  return config;
}

/** Takes over what `modules.json` and the files that it names say. */
async function takeModules(
  folder: string,
  modules: readonly ModuleEntry[],
  config: ModulesConfig,
): Promise<void> {
  config.normalize = false;
  const dense: DenseModule[] = [];
  let pooled = false;
  for (const { kind, path: inner } of modules) {
    const refuse = (must: string) => {
      throw new SyntaxError(
        `Cannot read ${
          join(folder, "modules.json")
        }: modules must ${must}: got ${shown(kind)}`,
      );
    };
    if (!MODULE_KINDS.includes(kind)) refuse(`be ${MODULE_KINDS.join(", ")}`);
    if (config.normalize) refuse("end with Normalize");
    if (kind === "Pooling") {
      pooled = true;
      config.pooling = await readPooling(join(folder, inner, "config.json"));
    } else if (kind === "Normalize") config.normalize = true;
    else if (kind === "Dense") {
      if (!pooled) refuse("have Pooling before Dense");
      dense.push(await readDense(join(folder, inner, "config.json"), inner));
    }
  }
  if (dense.length > 0) config.dense = dense;
}

/** The limit that the files set, `undefined` if none does. */
async function readMaxLength(folder: string): Promise<number | undefined> {
  const transformer = await readIfPresent(
    join(folder, "sentence_bert_config.json"),
    TransformerFile,
  );
  const tokenizer = await readIfPresent(
    join(folder, "tokenizer_config.json"),
    TokenizerFile,
  );
  const length = transformer?.max_seq_length ?? tokenizer?.model_max_length;
  const limit = Number(length);
  return Number.isInteger(length) && limit > 0 && limit < NO_LIMIT
    ? limit
    : undefined;
}

async function readDense(
  path: string,
  folder: string,
): Promise<DenseModule> {
  const file = await readRequired(path, DenseFile);
  const activation = Object.entries(ACTIVATION_CLASSES)
    .find(([, name]) => name === file.activation_function)![0];
  return {
    in: file.in_features,
    out: file.out_features,
    bias: file.bias,
    activation: activation as DenseModule["activation"],
    path: folder,
  };
}

/** A JSON file that modules.json names. */
async function readRequired<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const file = await readIfPresent(path, schema);
  if (file !== undefined) return file;
  throw new Deno.errors.NotFound(
    `Cannot read ${path}: modules.json names it, but there is no such file`,
  );
}

async function readPooling(path: string): Promise<Pooling> {
  const file = await readRequired(path, PoolingFile);
  const flags = [
    ...Object.values(POOLING_MODES).map((m) => m.flag),
    ...OTHER_FLAGS,
  ];
  const modes = file.pooling_mode !== undefined
    ? [file.pooling_mode].flat()
    : flags.filter((flag) => file[flag] === true);
  const names = Object.keys(POOLING_MODES) as Pooling[];
  const found = names.find((name) =>
    modes.length === 1 &&
    (modes[0] === POOLING_MODES[name].mode ||
      modes[0] === POOLING_MODES[name].flag)
  );
  // Their default, where a file says nothing at all.
  if (modes.length === 0) return "mean";
  if (found === undefined) {
    throw new SyntaxError(
      `Cannot read ${path}: pooling must be one of cls, mean, lasttoken, weightedmean: got ${
        modes.join(" + ")
      }`,
    );
  }
  return found;
}

/** A JSON file of this form, or `undefined` if there is none. */
async function readIfPresent<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const json = parseJson(text, path);
  const { data, error } = schema.safeParse(json);
  if (error) {
    const { path: field, message } = error.issues[0]!;
    throw new SyntaxError(
      `Cannot read ${path}: ${[...field, message].join(": ")}`,
    );
  }
  return data;
}

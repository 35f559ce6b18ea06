import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/write_whole.ts";
import { parseJson } from "../../base/read_json.ts";
import { shown } from "../weights/header.ts";

/**
 * How the hidden states of a text become one vector: the mean over its tokens,
 * its first token, its last one, or a mean where token i of n (from 1) counts
 * i times (spec section 4).
 */
export type Pooling = "mean" | "cls" | "lastToken" | "weightedMean";

/** An affine map after pooling, and a function on what comes out. */
export interface DenseModule {
  /** Length of the vectors it takes. */
  in: number;
  /** Length of the vectors it gives. */
  out: number;
  /** Whether it adds a bias. */
  bias: boolean;
  /** Applied to each component afterwards. */
  activation: "identity" | "tanh" | "relu" | "gelu";
  /** Folder of its weights in the folder that it was loaded from. */
  path?: string;
}

/** What sentence-transformers' files say about a model, beyond its weights. */
export interface ModulesConfig {
  /** How hidden states become one vector. */
  pooling: Pooling;
  /** Maps after pooling, in order. @default {[]} */
  dense?: readonly DenseModule[];
  /** Whether the vector is divided by its length, last of all. */
  normalize: boolean;
  /**
   * Most tokens of a text, special tokens included (`max_seq_length`, else the
   * tokenizer's `model_max_length`, where version 6 keeps it); absent if no
   * file says, then the model's positions are the limit.
   */
  maxLength?: number;
  /**
   * Name → text put before a text, e.g. `{ query: "query: " }`.
   *
   * @default {{}}
   */
  prompts?: Readonly<Record<string, string>>;
  /** Name of the prompt used when none is named. */
  defaultPromptName?: string;
}

/** Our name → theirs (`pooling_mode` of version 6, and the flag before it). */
const MODES: Readonly<Record<Pooling, { mode: string; flag: string }>> = {
  cls: { mode: "cls", flag: "pooling_mode_cls_token" },
  mean: { mode: "mean", flag: "pooling_mode_mean_tokens" },
  lastToken: { mode: "lasttoken", flag: "pooling_mode_lasttoken" },
  weightedMean: {
    mode: "weightedmean",
    flag: "pooling_mode_weightedmean_tokens",
  },
};

/** Flags for ways of pooling that we don't have. */
const OTHER_FLAGS = [
  "pooling_mode_max_tokens",
  "pooling_mode_mean_sqrt_len_tokens",
];

/** PyTorch's class of each activation. */
const ACTIVATIONS = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  gelu: "torch.nn.modules.activation.GELU",
} as const;

const DenseFile = z.looseObject({
  in_features: z.int().positive(),
  out_features: z.int().positive(),
  bias: z.boolean().default(true),
  activation_function: z.enum(
    Object.values(ACTIVATIONS) as [string, ...string[]],
  ).default(ACTIVATIONS.tanh),
});

/** Classes of modules that we run. */
const KINDS = ["Transformer", "Pooling", "Dense", "Normalize"];

const ModulesFile = z.array(z.looseObject({
  path: z.string().regex(/^(?!\.)[\w. -]*$/, "must be a folder of the model"),
  type: z.string(),
}));

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
  prompts: z.record(z.string(), z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
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
  const modules = await readJson(join(folder, "modules.json"), ModulesFile);
  if (modules) {
    config.normalize = false;
    const dense: DenseModule[] = [];
    let pooled = false;
    for (const { type, path } of modules) {
      // The class's place in the library has changed with the versions.
      const kind = type.split(".").at(-1)!;
      const refuse = (must: string) => {
        throw new SyntaxError(
          `Cannot read ${
            join(folder, "modules.json")
          }: modules must ${must}: got ${shown(type)}`,
        );
      };
      if (!KINDS.includes(kind)) refuse(`be ${KINDS.join(", ")}`);
      if (config.normalize) refuse("end with Normalize");
      if (kind === "Pooling") {
        pooled = true;
        config.pooling = await readPooling(join(folder, path, "config.json"));
      } else if (kind === "Normalize") config.normalize = true;
      else if (kind === "Dense") {
        if (!pooled) refuse("have Pooling before Dense");
        dense.push(await readDense(join(folder, path, "config.json"), path));
      }
    }
    if (dense.length > 0) config.dense = dense;
  }
  const transformer = await readJson(
    join(folder, "sentence_bert_config.json"),
    TransformerFile,
  );
  const tokenizer = await readJson(
    join(folder, "tokenizer_config.json"),
    TokenizerFile,
  );
  const length = transformer?.max_seq_length ?? tokenizer?.model_max_length;
  const limit = Number(length);
  if (Number.isInteger(length) && limit > 0 && limit < NO_LIMIT) {
    config.maxLength = limit;
  }
  const prompts = await readJson(
    join(folder, "config_sentence_transformers.json"),
    PromptsFile,
  );
  config.prompts = Object.fromEntries(
    Object.entries(prompts?.prompts ?? {}).filter(([, text]) => text !== null),
  ) as Record<string, string>;
  if (prompts?.default_prompt_name) {
    config.defaultPromptName = prompts.default_prompt_name;
  }
  return config;
}

async function readDense(
  path: string,
  folder: string,
): Promise<DenseModule> {
  const file = await readNamed(path, DenseFile);
  const activation = Object.entries(ACTIVATIONS)
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
async function readNamed<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const file = await readJson(path, schema);
  if (file !== undefined) return file;
  throw new Deno.errors.NotFound(
    `Cannot read ${path}: modules.json names it, but there is no such file`,
  );
}

async function readPooling(path: string): Promise<Pooling> {
  const file = await readNamed(path, PoolingFile);
  const flags = [...Object.values(MODES).map((m) => m.flag), ...OTHER_FLAGS];
  const modes = file.pooling_mode !== undefined
    ? [file.pooling_mode].flat()
    : flags.filter((flag) => file[flag] === true);
  const names = Object.keys(MODES) as Pooling[];
  const found = names.find((name) =>
    modes.length === 1 &&
    (modes[0] === MODES[name].mode || modes[0] === MODES[name].flag)
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

/** Options for {@linkcode writeModules}. */
export interface WriteModulesOptions {
  /** Width of the hidden states. */
  dimension: number;
}

/** Where {@linkcode writeModules} leaves room for weights. */
export interface ModuleFolders {
  /** Folders of the dense modules, in order, within the model's. */
  dense: string[];
}

/**
 * Writes sentence-transformers' files into a model folder, in the layout that
 * all its versions from 2 on load.
 *
 * @param folder Folder of a checkpoint; made if it is missing.
 * @param config What the files shall say.
 * @param options Width of the hidden states.
 * @returns Folders that still need weights.
 *
 * @example Usage
 * ```ts
 * import { readModules, writeModules } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const config = {
 *   pooling: "cls" as const,
 *   normalize: true,
 *   maxLength: 128,
 *   prompts: { query: "query: " },
 * };
 * await writeModules(folder, config, { dimension: 384 });
 * assert.deepEqual(await readModules(folder), config);
 * ```
 */
export async function writeModules(
  folder: string,
  config: ModulesConfig,
  { dimension }: WriteModulesOptions,
): Promise<ModuleFolders> {
  const dense = config.dense ?? [];
  const kinds = ["Transformer", "Pooling", ...dense.map(() => "Dense")];
  if (config.normalize) kinds.push("Normalize");
  const modules = kinds.map((kind, idx) => ({
    idx,
    name: `${idx}`,
    path: idx === 0 ? "" : `${idx}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
  const flags = Object.entries(MODES).map(([name, { flag }]) =>
    [flag, name === config.pooling] as const
  )
    // Versions before 2.3 know only the first two and refuse other flags.
    .filter(([flag, on]) =>
      on || flag === MODES.cls.flag || flag === MODES.mean.flag
    );
  const denseFolders = dense.map((_, i) => `${i + 2}_Dense`);
  const files: Record<string, unknown> = {
    "1_Pooling/config.json": {
      word_embedding_dimension: dimension,
      ...Object.fromEntries(flags),
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
    },
    ...Object.fromEntries(dense.map((module, i) => [
      `${denseFolders[i]}/config.json`,
      {
        in_features: module.in,
        out_features: module.out,
        bias: module.bias,
        activation_function: ACTIVATIONS[module.activation],
      },
    ])),
    "sentence_bert_config.json": {
      // Undefined, it is left out, and config.json and the tokenizer's files
      // say what the limit is.
      max_seq_length: config.maxLength,
      do_lower_case: false,
    },
    "config_sentence_transformers.json": {
      // The oldest version of this layout, as newer ones warn about files from
      // their future.
      __version__: { sentence_transformers: "2.0.0" },
      prompts: config.prompts ?? {},
      default_prompt_name: config.defaultPromptName ?? null,
      similarity_fn_name: config.normalize ? "cosine" : "dot",
    },
    // Last: it is what makes a folder one of theirs.
    "modules.json": modules,
  };
  if (config.normalize) {
    await Deno.mkdir(join(folder, modules.at(-1)!.path), { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    await writeWhole(
      join(folder, name),
      `${JSON.stringify(content, null, 2)}\n`,
    );
  }
  return { dense: denseFolders };
}

/** A JSON file of this form, or `undefined` if there is none. */
async function readJson<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
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

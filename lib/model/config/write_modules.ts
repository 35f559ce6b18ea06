import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import { ACTIVATION_CLASSES, POOLING_MODES } from "./module_names.ts";
import type { ModulesConfig } from "./modules.ts";

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
  const files = moduleFiles(config, dimension);
  if (config.normalize) {
    await Deno.mkdir(join(folder, modules.at(-1)!.path), { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    await writeJson(join(folder, name), content);
  }
  // Last: it is what makes a folder one of theirs.
  await writeJson(join(folder, "modules.json"), modules);
  return { dense: dense.map((_, i) => denseFolder(i)) };
}

/** Folder of the i-th dense module; Transformer and Pooling come before it. */
function denseFolder(i: number): string {
  return `${i + 2}_Dense`;
}

/** The content of each file but `modules.json`, by its path in the folder. */
function moduleFiles(
  config: ModulesConfig,
  dimension: number,
): Record<string, unknown> {
  const flags = Object.entries(POOLING_MODES).map(([name, { flag }]) =>
    [flag, name === config.pooling] as const
  )
    // Versions before 2.3 know only the first two and refuse other flags.
    .filter(([flag, on]) =>
      on || flag === POOLING_MODES.cls.flag || flag === POOLING_MODES.mean.flag
    );
  const denseFiles = (config.dense ?? []).map((module, i) => [
    `${denseFolder(i)}/config.json`,
    {
      in_features: module.in,
      out_features: module.out,
      bias: module.bias,
      activation_function: ACTIVATION_CLASSES[module.activation],
    },
  ]);
  return {
    "1_Pooling/config.json": {
      word_embedding_dimension: dimension,
      ...Object.fromEntries(flags),
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
    },
    ...Object.fromEntries(denseFiles),
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
      // Ours: theirs has one length for all texts.
      tdro: config.lengths && {
        queryLength: config.lengths.query,
        passageLength: config.lengths.passage,
      },
    },
  };
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await writeWhole(path, `${JSON.stringify(content, null, 2)}\n`);
}

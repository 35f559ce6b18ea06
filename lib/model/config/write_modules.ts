import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { isOnTokens } from "./module_maps.ts";
import { ACTIVATION_CLASSES, POOLING_MODES, POOLINGS } from "./module_names.ts";
import {
  type DenseModule,
  type ModuleMap,
  type ModulesConfig,
  poolings,
} from "./modules.ts";

/** Options for {@linkcode writeModules}. */
export interface WriteModulesOptions {
  /** Width of the hidden states. */
  dimension: number;
}

/** Where {@linkcode writeModules} leaves room for weights. */
export interface ModuleFolders {
  /** Folder of each map, in order, within the model's. */
  maps: string[];
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
  const { list, maps } = moduleList(config);
  const modules = list.map(({ kind, path }, idx) => ({
    idx,
    name: `${idx}`,
    path,
    type: `sentence_transformers.models.${kind}`,
  }));
  for (const { path, file } of list) {
    if (path) await Deno.mkdir(join(folder, path), { recursive: true });
    if (file) {
      await writeJson(join(folder, path, "config.json"), file(dimension));
    }
  }
  if (config.layerMix) {
    await writeSafetensors(join(folder, list[1]!.path, "model.safetensors"), [{
      name: "layer_weights",
      shape: [config.layerMix.weights.length],
      data: Float32Array.from(config.layerMix.weights),
    }]);
  }
  for (const [name, content] of Object.entries(topFiles(config))) {
    await writeJson(join(folder, name), content);
  }
  // Last: it is what makes a folder one of theirs.
  await writeJson(join(folder, "modules.json"), modules);
  return { maps };
}

/** A module to write. */
interface WrittenModule {
  kind: string;
  path: string;
  /** What its `config.json` says, if it has one. */
  file?: (dimension: number) => Record<string, unknown>;
}

/** The modules in their order, and the folder of each map. */
function moduleList(
  config: ModulesConfig,
): { list: WrittenModule[]; maps: string[] } {
  const { layerMix, maps = [] } = config;
  const list: WrittenModule[] = [{ kind: "Transformer", path: "" }];
  const add = (kind: string, file?: WrittenModule["file"]): string => {
    const path = `${list.length}_${kind}`;
    list.push(file ? { kind, path, file } : { kind, path });
    return path;
  };
  if (layerMix) {
    const { start, weights } = layerMix;
    add("WeightedLayerPooling", (dimension) => ({
      word_embedding_dimension: dimension,
      layer_start: start,
      num_hidden_layers: start + weights.length - 1,
    }));
  }
  const folders = new Map<ModuleMap, string>();
  const put = (map: ModuleMap) => {
    const kind = MAP_CLASSES[map.kind];
    const fields = mapFile(map);
    folders.set(map, add(kind, fields && (() => fields)));
  };
  maps.filter(isOnTokens).forEach(put);
  add("Pooling", (dimension) => poolingFile(config, dimension));
  maps.filter((map) => !isOnTokens(map)).forEach(put);
  if (config.normalize) add("Normalize");
  return { list, maps: maps.map((map) => folders.get(map)!) };
}

/** Their class of each kind of map. */
const MAP_CLASSES = {
  dense: "Dense",
  layerNorm: "LayerNorm",
  normalize: "Normalize",
  dropout: "Dropout",
} as const;

/** What a map's `config.json` says, if it needs one. */
function mapFile(map: ModuleMap): Record<string, unknown> | undefined {
  // Older versions know no place but the text's vector, and don't ask for it.
  const place = isOnTokens(map)
    ? { module_input_name: "token_embeddings" }
    : {};
  switch (map.kind) {
    case "dense":
      return {
        in_features: map.in,
        out_features: map.out,
        bias: map.bias,
        activation_function: ACTIVATION_CLASSES[map.activation],
        ...map.residual && { use_residual: true },
        ...place,
      };
    case "layerNorm":
      return { dimension: map.size };
    case "dropout":
      return { dropout: map.rate };
    case "normalize":
      return isOnTokens(map) ? place : undefined;
  }
}

/** What the `config.json` of Pooling says. */
function poolingFile(
  config: ModulesConfig,
  dimension: number,
): Record<string, unknown> {
  const rules = poolings(config);
  const last = config.maps?.filter(isOnTokens).findLast((m) =>
    m.kind === "dense"
  ) as DenseModule | undefined;
  const width = { word_embedding_dimension: last?.out ?? dimension };
  const inOrder = POOLINGS.filter((name) => rules.includes(name));
  if (inOrder.join() !== rules.join()) {
    // Flags have no order; version 6 and later read the list.
    return { ...width, pooling_mode: rules.map((r) => POOLING_MODES[r].mode) };
  }
  return {
    ...width,
    // Versions before 2.3 know only these four and refuse other flags.
    ...Object.fromEntries(
      POOLINGS.filter((name) =>
        rules.includes(name) || !["weightedMean", "lastToken"].includes(name)
      ).map((name) => [POOLING_MODES[name].flag, rules.includes(name)]),
    ),
  };
}

/** The content of the files in the model's own folder, but `modules.json`. */
function topFiles(config: ModulesConfig): Record<string, unknown> {
  return {
    "sentence_bert_config.json": {
      // Undefined, it is left out, and config.json and the tokenizer's files
      // say what the limit is.
      max_seq_length: config.maxLength,
      do_lower_case: config.lowercase ?? false,
    },
    [SETTINGS_FILE]: settingsFile(config),
  };
}

/** The file of what is said of a model as a whole. */
export const SETTINGS_FILE = "config_sentence_transformers.json";

/** Its content. */
export function settingsFile(config: ModulesConfig): Record<string, unknown> {
  return {
    // The oldest version of this layout, as newer ones warn about files from
    // their future.
    __version__: { sentence_transformers: "2.0.0" },
    prompts: config.prompts ?? {},
    default_prompt_name: config.defaultPromptName ?? null,
    similarity_fn_name: config.normalize || config.similarity === "cosine"
      ? "cosine"
      : "dot",
    // Ours: theirs has one length for all texts.
    tdro: config.lengths && {
      queryLength: config.lengths.query,
      passageLength: config.lengths.passage,
    },
    ...config.dim !== undefined && { truncate_dim: config.dim },
  };
}

/** Writes a JSON file whole, with two blanks a level. */
export async function writeJson(path: string, content: unknown): Promise<void> {
  await writeWhole(path, `${JSON.stringify(content, null, 2)}\n`);
}

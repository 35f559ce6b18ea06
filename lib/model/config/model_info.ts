import { modelFolder } from "../../base/files/model_folder.ts";
import { readConfig } from "./config.ts";
import { embeddingSize, lengthLimit } from "../encode/encoder.ts";
import { modelParts } from "./model_parts.ts";
import { hasTwoTowers } from "./module_list.ts";
import type { Side } from "./router.ts";
import { openWeights } from "../weights/safetensors.ts";
import { poolings } from "./modules.ts";
import { readModules } from "./read_modules.ts";

/** What a model folder holds. */
export interface ModelInfo {
  /** Family, as `config.json` names it. */
  family: string;
  /** Transformer layers. */
  layers: number;
  /** Width of the hidden states. */
  hiddenSize: number;
  /** Length of the vectors. */
  dimension: number;
  /** Attention heads. */
  heads: number;
  /** Rows of the token table. */
  vocabSize: number;
  /** Most tokens of a text. */
  maxLength: number;
  /** Maximum tokens of queries and passages that tdro trained it with. */
  lengths?: { query: number; passage: number };
  /** How hidden states become one vector. */
  pooling: string;
  /** Whether vectors are divided by their length. */
  normalize: boolean;
  /** Texts put before a text, by name. */
  prompts: Readonly<Record<string, string>>;
  /** Tensors in the weights. */
  tensors: number;
  /** Numbers in them. */
  parameters: number;
  /** Types on disk. */
  dtypes: string[];
  /** Bytes of the weights. */
  bytes: number;
  /** Whether there is an adapter beside them. */
  adapter: boolean;
  /**
   * What encodes passages, where it is another model than that for queries; the
   * rest is then said of the latter.
   */
  passages?: Omit<ModelInfo, "passages">;
}

/**
 * What a model folder holds; reads the headers, not the weights.
 *
 * @param path A Hugging Face folder, a file in it, or a run with one model.
 * @throws As `readConfig()`, `readModules()` and `openWeights()`.
 *
 * @example Usage
 * ```ts
 * import { modelInfo } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(modelInfo("no/such/folder"), /Cannot read/);
 * ```
 */
export async function modelInfo(path: string): Promise<ModelInfo> {
  if (!await hasTwoTowers(await modelFolder(path))) return await infoOf(path);
  return {
    ...await infoOf(path, "query"),
    passages: await infoOf(path, "passage"),
  };
}

async function infoOf(path: string, side?: Side): Promise<ModelInfo> {
  const { folder, transformer, adapter } = await modelParts(path, { side });
  const config = await readConfig(transformer);
  const modules = await readModules(folder, { side });
  using weights = await openWeights(transformer);
  const tensors = [...weights.tensors.values()];
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    family: config.modelType,
    layers: config.layers,
    hiddenSize: config.hiddenSize,
    dimension: embeddingSize({ config, modules }),
    heads: config.heads,
    vocabSize: config.vocabSize,
    maxLength: lengthLimit({ config, modules }, Infinity),
    ...modules.lengths && { lengths: modules.lengths },
    pooling: poolings(modules).join(" + "),
    normalize: modules.normalize,
    prompts: modules.prompts ?? {},
    tensors: tensors.length,
    parameters: tensors.reduce((n, { shape }) => n + size(shape), 0),
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))],
    bytes: tensors.reduce((n, { start, end }) => n + end - start, 0),
    adapter: adapter !== undefined,
  };
}

import { join } from "node:path";
import { exists, isFile } from "../../base/files/exists.ts";
import { readText } from "../../base/files/read_text.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { jsonValue } from "../../base/json_value.ts";
import {
  disposeEncoder,
  modelInfo,
  modelParts,
  readModules,
  saveEncoder,
  writeModules,
} from "../../model/mod.ts";
import type { ModelInfo } from "../../model/mod.ts";
import { baseEncoder } from "../stages/base_encoder.ts";
import type { HandOffSource } from "./source.ts";

/** The model that a project begins with. */
export interface BaseModel {
  /** Its name, or `"model"` where the project has a copy. */
  name: string;
  /** Whether the project has a copy. */
  isCopied: boolean;
  /** What is known of it; absent for one that isn't on this machine. */
  info?: ModelInfo | undefined;
}

/** Files that other frameworks need, and none of the targets. */
const OTHER_FRAMEWORKS =
  /(^|\/)(\.|onnx\/|openvino\/|coreml\/|tflite\/|gguf\/)|\.(bin|pt|h5|msgpack|onnx|ot|gguf|tflite)$/;

/**
 * Puts a copy of the run's base model into the project: the folder that it
 * fine-tuned, or its encoder from scratch. The copy says in sentence-transformers'
 * files how it is pooled, and has the run's dropout.
 *
 * @param source The run.
 * @param folder Folder of the copy.
 */
export async function copyBaseModel(
  { folder: run, options, suite }: HandOffSource,
  folder: string,
): Promise<BaseModel> {
  if (options.model === undefined) {
    const keep = await exists(join(run, "tokenizer"));
    const encoder = await baseEncoder(options, suite, { keep });
    try {
      await saveEncoder(encoder, folder);
    } finally {
      disposeEncoder(encoder);
    }
  } else {
    await copyModel(options.model, folder);
  }
  await setDropout(folder, options.hiddenDropout);
  return { name: "model", isCopied: true, info: await modelInfo(folder) };
}

async function copyModel(model: string, folder: string): Promise<void> {
  const { folder: from, adapter } = await modelParts(model);
  if (adapter !== undefined) {
    throw new RangeError(
      `Cannot copy the model ${model}: it must not have an adapter beside its weights: got ${adapter}; merge it first with tdro model merge, or name a model with --base`,
    );
  }
  await copyFiles(from, folder);
  if (await exists(join(folder, "modules.json"))) return;
  // Without it each tool would pool in its own way.
  const { hiddenSize } = await modelInfo(from);
  const modules = await readModules(from);
  await writeModules(folder, modules, { dimension: hiddenSize });
}

async function copyFiles(
  from: string,
  to: string,
  below = "",
): Promise<void> {
  await Deno.mkdir(join(to, below), { recursive: true });
  for await (const { name } of Deno.readDir(join(from, below))) {
    const path = `${below}${name}`;
    if (OTHER_FRAMEWORKS.test(path)) continue;
    // Files may be links, as in the hub's own cache.
    const { isDirectory } = await Deno.stat(join(from, path));
    if (OTHER_FRAMEWORKS.test(`${path}/`) && isDirectory) continue;
    if (isDirectory) await copyFiles(from, to, `${path}/`);
    else await Deno.copyFile(join(from, path), join(to, path));
  }
}

/** How configurations of transformers call dropout of hidden states. */
const HIDDEN = [
  "hidden_dropout_prob",
  "hidden_dropout",
  "dropout",
  "dropout_rate",
  "resid_pdrop",
  "resid_dropout",
  "embd_pdrop",
  "embedding_dropout",
  "embed_dropout",
  "mlp_dropout",
];

/** The same of attention's shares, which tdro drops none of. */
const ATTENTION = [
  "attention_probs_dropout_prob",
  "attention_dropout",
  "attn_pdrop",
];

async function setDropout(folder: string, rate: number): Promise<void> {
  for (const name of ["config.json", "0_Transformer/config.json"]) {
    const path = join(folder, name);
    if (!await isFile(path)) continue;
    const text = await readText(path, `Cannot read ${path}: it is missing`);
    const config = jsonValue(text) as Record<string, unknown>;
    for (const key of HIDDEN) if (key in config) config[key] = rate;
    for (const key of ATTENTION) if (key in config) config[key] = 0;
    // Absent, these are 0.1 in transformers.
    if (/bert|electra|mpnet|roberta/.test(String(config.model_type))) {
      config.hidden_dropout_prob ??= rate;
      config.attention_probs_dropout_prob ??= 0;
    }
    await writeWhole(path, `${JSON.stringify(config, null, 2)}\n`);
  }
}

import { join } from "node:path";
import type { Variable } from "../backend/mod.ts";
import { checkFinite } from "../base/check_finite.ts";
import { ADAPTER } from "./lora/adapter_folder.ts";
import { writeConfig } from "./config/config.ts";
import { isOfMap, mapName } from "./config/module_maps.ts";
import { type Encoder, lengthLimit } from "./encode/encoder.ts";
import { isFactor } from "./lora/lora_modules.ts";
import { saveLora } from "./lora/save_lora.ts";
import {
  type NamedTensor,
  writeSafetensors,
  writeWeights,
} from "./weights/safetensors.ts";
import { writeModules } from "./config/write_modules.ts";

/** Options for {@linkcode saveEncoder}. */
export interface SaveEncoderOptions {
  /** How the weights are stored. @default {"float32"} */
  dtype?: "float32" | "bfloat16" | "float16";
  /**
   * Most bytes of a file of weights; larger models go to several files with an
   * index. A tensor is never split. @default {5e9}
   */
  maxShardBytes?: number;
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
 * import {
 *   bertConfig, createEncoder, createTokenizer, loadEncoder, saveEncoder,
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
 * const folder = await Deno.makeTempDir();
 * await saveEncoder(encoder, folder, { dtype: "bfloat16" });
 * const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
 * assert.equal(config.model_type, "bert");
 * const again = await loadEncoder(folder);
 * assert.deepEqual([...again.parameters.keys()].sort(), [...encoder.parameters.keys()].sort());
 * ```
 */
export async function saveEncoder(
  encoder: Encoder,
  folder: string,
  { dtype = "float32", maxShardBytes = 5e9 }: SaveEncoderOptions = {},
): Promise<void> {
  await saveAround(encoder, folder, dtype);
  const own = [...encoder.parameters].filter(([name]) =>
    !isFactor(name) && !isOfMap(name)
  );
  await writeWeights(folder, own.map(namedTensor), {
    dtype: STORED[dtype],
    maxShardBytes,
  });
  if (encoder.lora) await saveLora(encoder, join(folder, ADAPTER));
  await saveConfig(encoder, folder, { dtype });
}

/** Saves the tokenizer and the modules, with their weights. */
export async function saveAround(
  encoder: Encoder,
  folder: string,
  dtype: keyof typeof STORED,
): Promise<void> {
  const { modules, parameters } = encoder;
  const { maxLength } = modules;
  await Deno.mkdir(folder, { recursive: true });
  await encoder.tokenizer.save(folder);
  const files = await writeModules(folder, {
    ...modules,
    // sentence-transformers would believe a limit beyond the positions.
    maxLength: maxLength && lengthLimit(encoder, maxLength),
  }, { dimension: encoder.config.hiddenSize });
  for (const [i, path] of files.maps.entries()) {
    const start = `${mapName(i)}.`;
    const tensors = [...parameters].filter(([name]) => name.startsWith(start))
      .map(([name, parameter]) =>
        namedTensor([name.slice(start.length), parameter])
      );
    if (tensors.length === 0) continue;
    await writeSafetensors(join(folder, path, "model.safetensors"), tensors, {
      dtype: STORED[dtype],
    });
  }
}

/** Saves `config.json`, last of all. */
export async function saveConfig(
  { config, modules }: Encoder,
  folder: string,
  { dtype, fields }: {
    dtype: keyof typeof STORED;
    fields?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await writeConfig(folder, config, {
    dtype,
    fields: {
      // Without it, sentence-transformers passes over the average of layers.
      ...modules.layerMix ? { output_hidden_states: true } : {},
      ...fields,
    },
  });
}

/** A parameter as it is written: fetched from its device when its turn comes. */
function namedTensor(
  [name, parameter]: readonly [string, Variable],
): NamedTensor {
  return {
    name,
    shape: parameter.shape,
    data: async () => checkFinite(name, await parameter.data() as Float32Array),
  };
}

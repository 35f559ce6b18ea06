import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import type { Variable } from "../../backend/mod.ts";
import { readJson } from "../../base/files/json_file.ts";
import type { Encoder } from "../encode/encoder.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { factorsOf, linearModules, POOLERS } from "./lora_modules.ts";
import { withFactors } from "./add_lora.ts";
import { parseAdapterConfig } from "./adapter_file.ts";
import { type LoraConfig, loraRank } from "./lora_config.ts";
import { withoutStart } from "./olora.ts";

const FILES =
  "an adapter folder has adapter_config.json and adapter_model.safetensors";

/**
 * Puts an adapter in peft's format on an encoder.
 *
 * @param encoder The base model. Its parameters go over to the result: dispose
 * of that one alone.
 * @param folder Folder with `adapter_config.json` and
 * `adapter_model.safetensors`.
 * @returns The adapted encoder.
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {SyntaxError} If a file is malformed or of a kind of adapter that
 * isn't supported.
 * @throws {RangeError} If a tensor fits no map of the model, lacks its other
 * factor, or has another shape; or if the encoder has an adapter already.
 *
 * @example Usage
 * ```ts
 * import {
 *   addLora, bertConfig, cloneEncoder, createEncoder, createTokenizer, loadLora,
 *   saveLora, trainTokenizer,
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
 * const base = cloneEncoder(encoder);
 * const adapted = addLora(encoder, { rank: 2, targets: ["query"], rng: createRng(1, "lora") });
 * const folder = await Deno.makeTempDir();
 * await saveLora(adapted, folder);
 * const again = await loadLora(base, folder);
 * assert.equal(again.lora!.rank, 2);
 * const a = "encoder.layer.0.attention.self.query.lora_A.weight";
 * const [found, saved] = [again, adapted].map(({ parameters }) => parameters.get(a)!.dataSync());
 * assert.deepEqual(found, saved);
 * ```
 */
export async function loadLora(
  encoder: Encoder,
  folder: string,
): Promise<Encoder> {
  if (encoder.lora) {
    throw new RangeError(
      `Cannot load ${folder}: the encoder has an adapter already; merge it first by mergeLora()`,
    );
  }
  const path = join(folder, "adapter_config.json");
  const { lora, olora } = parseAdapterConfig(await readJson(path, FILES), path);
  using tensors = await openSafetensors(
    join(folder, "adapter_model.safetensors"),
  );
  const modules = [...linearModules(encoder), ...POOLERS];
  const factors = new Map<string, Variable>();
  try {
    for (const [key, { shape }] of tensors.tensors) {
      const name = ourName(key, modules);
      if (!name) {
        throw new RangeError(
          `Cannot load ${folder}: tensor ${key} fits no map of the model; is the adapter one for this base model?`,
        );
      }
      const expected = shapeOf(encoder, name, lora);
      if (expected && shape.join() !== expected.join()) {
        throw new RangeError(
          `Cannot load ${folder}: tensor ${key} must have shape [${expected}]: got [${shape}]; is the adapter one for this base model?`,
        );
      }
      const data = await tensors.read(key);
      factors.set(name, tf.tidy(() => tf.variable(tf.tensor(data, shape))));
    }
    checkPairs(factors, folder);
    const adapted = withFactors(encoder, factors, lora);
    return olora ? withoutStart(adapted) : adapted;
  } catch (error) {
    tf.dispose([...factors.values()]);
    throw error;
  }
}

/**
 * Our name of an adapter's tensor. Its key begins with `base_model.model.` and
 * then has the path in whatever class was wrapped: it ends in our name.
 */
function ourName(
  key: string,
  modules: readonly string[],
): string | undefined {
  const match = /^(.+)\.(lora_[AB]\.weight)$/.exec(key);
  if (!match) return undefined;
  const [, path, end] = match as unknown as [string, string, string];
  const module = modules.find((name) =>
    path === name || path.endsWith(`.${name}`)
  );
  return module && `${module}.${end}`;
}

/** The shape that a factor must have, if its map is known. */
function shapeOf(
  encoder: Encoder,
  name: string,
  lora: LoraConfig,
): number[] | undefined {
  const module = name.replace(/\.lora_[AB]\.weight$/, "");
  const weight = encoder.parameters.get(`${module}.weight`);
  if (!weight) return undefined;
  const [out, into] = weight.shape as [number, number];
  const rank = loraRank(lora, module);
  return name.endsWith("lora_A.weight") ? [rank, into] : [out, rank];
}

function checkPairs(
  factors: ReadonlyMap<string, Variable>,
  folder: string,
): void {
  for (const name of factors.keys()) {
    const { a, b } = factorsOf(name.replace(/\.lora_[AB]\.weight$/, ""));
    for (const other of [a, b]) {
      if (factors.has(other)) continue;
      throw new RangeError(
        `Cannot load ${folder}: tensor ${other} is missing, but its other factor is there; save the adapter again`,
      );
    }
  }
  if (factors.size === 0) {
    throw new RangeError(
      `Cannot load ${folder}: adapter_model.safetensors has no tensors; save the adapter again`,
    );
  }
}

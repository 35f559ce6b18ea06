import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import type { Variable } from "../backend/mod.ts";
import { checkVocabulary } from "./tokenizer/check_vocabulary.ts";
import { readConfig } from "./config/config.ts";
import { mapName, mapParameters, mappedSize } from "./config/module_maps.ts";
import { type Encoder, lengthLimit } from "./encode/encoder.ts";
import { familyOf } from "./config/families.ts";
import type { ParameterSpec, StoredPart } from "./config/family.ts";
import { loadLora } from "./lora/load_lora.ts";
import {
  type LayerAverage,
  type ModulesConfig,
  poolings,
} from "./config/modules.ts";
import { layerMix } from "./encode/layer_mix.ts";
import { openWeights, type Weights } from "./weights/safetensors.ts";
import { openModuleWeights } from "./weights/module_weights.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer/tokenizer.ts";
import type { ModelConfig } from "./config/model_config.ts";
import { readModules } from "./config/read_modules.ts";
import type { Side } from "./config/router.ts";
import { modelParts } from "./config/model_parts.ts";
import { weightNames } from "./weights/weight_names.ts";
import { selfShowing } from "../report/notebook/mod.ts";

/** Options for {@linkcode loadEncoder}: what to take instead of what the folder says. */
export interface LoadEncoderOptions {
  /** How hidden states become one vector. @default {the folder's, else "mean"} */
  pooling?: ModulesConfig["pooling"] | LayerAverage;
  /** Whether the vector is divided by its length. @default {the folder's, else true} */
  normalize?: boolean;
  /** How many of the vectors' first components are kept. @default {the folder's, else all} */
  dim?: number;
  /** Most tokens of a text, special ones included. @default {the folder's} */
  maxLength?: number;
  /**
   * Whether every text must end with the end token. Absent: yes where
   * `pooling` above is `"lastToken"`, or the folder's is and its
   * `tokenizer_config.json` has `add_eos_token`; else its `tokenizer.json`
   * decides.
   */
  appendEnd?: boolean;
  /**
   * Which model, where the folder has one for queries and another for passages;
   * `loadTowers()` loads both.
   */
  side?: Side;
}

/**
 * Loads an encoder of any family from a Hugging Face folder: `config.json`,
 * `model.safetensors` (or shards), `tokenizer.json`, and what
 * sentence-transformers keeps beside them. Tensors are read one by one, straight
 * to where they are computed with; heads for other tasks stay on disk.
 *
 * @param path The folder, a file in it, or a run with one model.
 * @param options What to take instead of what the folder says.
 * @returns The encoder; free it with {@linkcode disposeEncoder}.
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {SyntaxError} If a file is malformed, or the family unknown.
 * @throws {RangeError} If a tensor is missing or has another shape than
 * `config.json` says; the message names it. Or if texts must end with a token
 * that the tokenizer lacks.
 *
 * @example Usage
 * ```ts
 * import { loadEncoder } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(loadEncoder("no/such/folder"), /Cannot/);
 * ```
 */
export async function loadEncoder(
  path: string,
  options: LoadEncoderOptions = {},
): Promise<Encoder> {
  const parts = await modelParts(path, options);
  const { folder, transformer, adapter } = parts;
  const config = await readConfig(transformer);
  const said = await readModules(folder, options);
  if (said.layerMix && config.original?.output_hidden_states !== true) {
    throw new SyntaxError(
      `Cannot read ${
        join(transformer, "config.json")
      }: output_hidden_states must be true for WeightedLayerPooling, which sentence-transformers passes over otherwise; say so there, or take that module out of modules.json`,
    );
  }
  const modules = withOptions(said, options, config);
  const plain = await loadTokenizer(parts.tokenizer);
  const tokenizer = withEndToken(
    modules.lowercase ? plain.withLowercase() : plain,
    { folder, modules, options },
  );
  const action = `load ${folder}`;
  checkVocabulary(config, tokenizer, action);
  const parameters = new Map<string, Variable>();
  try {
    await readTransformer(transformer, config, parameters);
    checkModules(folder, { config, modules });
    await readMaps(folder, { config, modules }, parameters);
  } catch (error) {
    tf.dispose([...parameters.values()]);
    throw error;
  }
  const maxLength = lengthLimit({ config, modules }, Infinity);
  const encoder = selfShowing({
    config,
    tokenizer,
    modules,
    maxLength,
    parameters,
  });
  return adapter ? await loadLora(encoder, adapter) : encoder;
}

function withOptions(
  modules: ModulesConfig,
  { pooling, normalize, maxLength, dim }: LoadEncoderOptions,
  { layers }: ModelConfig,
): ModulesConfig {
  const config = { ...modules };
  if (pooling === "avgFirstLast" || pooling === "avgTop2") {
    config.pooling = "mean";
    config.layerMix = layerMix(pooling, layers);
  } else if (pooling !== undefined) config.pooling = pooling;
  if (normalize !== undefined) config.normalize = normalize;
  if (maxLength !== undefined) config.maxLength = maxLength;
  if (dim !== undefined) config.dim = dim;
  return config;
}

/** What {@linkcode withEndToken} decides by. */
interface EndWanted {
  /** For messages. */
  folder: string;
  modules: ModulesConfig;
  options: LoadEncoderOptions;
}

function withEndToken(
  tokenizer: Tokenizer,
  { folder, modules, options: { pooling, appendEnd } }: EndWanted,
): Tokenizer {
  // A folder that is read at the last token and asks for an end gets one, even
  // where its tokenizer.json puts none: transformers 5 no longer would.
  const asked = tokenizer.endAsked && poolings(modules).includes("lastToken");
  const wanted = asked || [pooling].flat().includes("lastToken");
  if (!(appendEnd ?? wanted)) return tokenizer;
  const ending = tokenizer.withEnd();
  if (ending) return ending;
  throw new RangeError(
    `Cannot load ${folder}: the tokenizer must have an end token for the texts: got none; name it as eos_token in tokenizer_config.json, or load with appendEnd: false`,
  );
}

/** Reads a transformer's parameters, and those that its family keeps. */
export async function readTransformer(
  folder: string,
  config: ModelConfig,
  into: Map<string, Variable>,
): Promise<void> {
  const family = familyOf(config);
  using weights = await openWeights(folder);
  const specs = family.parameters(config);
  const names = weightNames(weights.tensors.keys(), {
    prefixes: family.prefixes,
    anchor: specs[0]!.name,
    folder,
  });
  for (const spec of specs) {
    const source = { weights, names, folder };
    const part = names.has(spec.name)
      ? undefined
      : family.sources?.(spec.name).find(({ name }) => names.has(name));
    into.set(spec.name, await readParameter(spec, source, part));
  }
  for (const [name, stored] of names) {
    if (!family.kept?.test(name)) continue;
    const { shape } = weights.tensors.get(stored)!;
    const variable = toVariable(await weights.read(stored), shape);
    variable.trainable = false;
    into.set(name, variable);
  }
}

/** Refuses what the files say of the layers and of the vectors' length. */
function checkModules(
  folder: string,
  { config, modules }: Pick<Encoder, "config" | "modules">,
): void {
  const { layerMix: mix, dim } = modules;
  const width = mappedSize(modules, config.hiddenSize);
  if (
    dim !== undefined && !(Number.isInteger(dim) && dim > 0 && dim <= width)
  ) {
    throw new RangeError(
      `Cannot load ${folder}: dim must be a whole number from 1 to ${width}, the length of its vectors: got ${dim}`,
    );
  }
  const last = mix && mix.start + mix.weights.length - 1;
  if (last !== undefined && last !== config.layers) {
    throw new RangeError(
      `Cannot load ${folder}: WeightedLayerPooling must end with the last layer, ${config.layers}: got ${last}`,
    );
  }
}

async function readMaps(
  folder: string,
  { config, modules }: Pick<Encoder, "config" | "modules">,
  into: Map<string, Variable>,
): Promise<void> {
  const specs = mapParameters(modules, config.hiddenSize);
  for (const [i, map] of (modules.maps ?? []).entries()) {
    const start = `${mapName(i)}.`;
    const own = specs.filter(({ name }) => name.startsWith(start));
    if (own.length === 0) continue;
    const where = join(folder, "path" in map && map.path || `${i + 2}_Dense`);
    using weights = await openModuleWeights(where, folder);
    for (const spec of own) {
      const stored = spec.name.slice(start.length);
      const names = new Map([[spec.name, stored]]);
      const parameter = await readParameter(spec, {
        weights,
        names,
        folder: where,
      });
      into.set(spec.name, parameter);
    }
  }
}

/** Where {@linkcode readParameter} finds a tensor. */
interface Source {
  weights: Weights;
  /** Our name → the name in the files. */
  names: ReadonlyMap<string, string>;
  /** For messages. */
  folder: string;
}

/** Reads a tensor, checked against what the configuration says. */
async function readParameter(
  { name, shape }: ParameterSpec,
  { weights, names, folder }: Source,
  { name: from = name, part = [0, 1] }: Partial<StoredPart> = {},
): Promise<Variable> {
  const stored = names.get(from);
  const info = stored && weights.tensors.get(stored);
  if (!stored || !info) {
    throw new RangeError(
      `Cannot load ${folder}: tensor ${name} is missing; is config.json the one of these weights?`,
    );
  }
  const [index, of] = part;
  const whole = [shape[0]! * of, ...shape.slice(1)];
  if (info.shape.join() !== whole.join()) {
    throw new RangeError(
      `Cannot load ${folder}: tensor ${stored} must have shape [${whole}]: got [${info.shape}]; is config.json the one of these weights?`,
    );
  }
  const values = await weights.read(stored);
  const size = values.length / of;
  const own = of === 1
    ? values
    : values.slice(index * size, (index + 1) * size);
  return toVariable(own, shape);
}

function toVariable(data: Float32Array, shape: number[]): Variable {
  return tf.tidy(() => {
    const variable = tf.variable(tf.tensor(data, shape, "float32"));
    // The native backend takes values over when they are first used, and keeps
    // our copy until then: a use at once lets that one go before the next read.
    tf.reshape(variable, [-1]);
    return variable;
  });
}

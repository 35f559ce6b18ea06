import { join } from "node:path";
import { z } from "zod";
import { shown } from "../../base/shown.ts";
import { openModuleWeights } from "../weights/module_weights.ts";
import { ACTIVATION_CLASSES, POOLING_MODES, POOLINGS } from "./module_names.ts";
import type { ModuleEntry } from "./module_list.ts";
import type { DenseModule, LayerMix, ModuleMap, Pooling } from "./modules.ts";
import { readRequired } from "./read_file.ts";

/** Classes of modules that we run, beside Transformer. */
export const MODULE_KINDS = [
  "WeightedLayerPooling",
  "Pooling",
  "Dense",
  "LayerNorm",
  "Normalize",
  "Dropout",
] as const;

/** What a map reads and writes: the text's vector, or its tokens'. */
const places = {
  module_input_name: z.string().default("sentence_embedding"),
  module_output_name: z.string().nullish(),
};

const DenseFile = z.looseObject({
  in_features: z.int().positive(),
  out_features: z.int().positive(),
  bias: z.boolean().default(true),
  activation_function: z.enum(
    Object.values(ACTIVATION_CLASSES) as [string, ...string[]],
  ).default(ACTIVATION_CLASSES.tanh),
  use_residual: z.boolean().default(false),
  ...places,
});

const LayerNormFile = z.looseObject({ dimension: z.int().positive() });

const NormalizeFile = z.looseObject(places);

const DropoutFile = z.looseObject({
  dropout: z.number().min(0).max(1).default(0.2),
});

const PoolingFile = z.looseObject({
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  include_prompt: z.literal(
    true,
    "must be true: prompts can't be left out of pooling",
  ).default(true),
});

const LayerMixFile = z.looseObject({
  layer_start: z.int().nonnegative().default(4),
  num_hidden_layers: z.int().nonnegative().default(12),
});

/** Where a module's files lie, and what has come before it. */
export interface ModulePlace {
  /** Folder of the model. */
  folder: string;
  /** The row of `modules.json`. */
  entry: ModuleEntry;
  /** Whether Pooling came before. */
  pooled: boolean;
}

/** Reads a module that maps vectors. */
export async function readModuleMap(place: ModulePlace): Promise<ModuleMap> {
  const { kind, path } = place.entry;
  const file = join(place.folder, path, "config.json");
  switch (kind) {
    case "Dense": {
      const read = await readRequired(file, DenseFile);
      const [activation] = Object.entries(ACTIVATION_CLASSES)
        .find(([, name]) => name === read.activation_function)!;
      return {
        kind: "dense",
        in: read.in_features,
        out: read.out_features,
        bias: read.bias,
        activation: activation as DenseModule["activation"],
        ...read.use_residual && { residual: true },
        ...onTokens(read, place, file),
        path,
      };
    }
    case "LayerNorm": {
      const { dimension } = await readRequired(file, LayerNormFile);
      checkPooled(place, file);
      return { kind: "layerNorm", size: dimension, path };
    }
    case "Dropout": {
      const { dropout } = await readRequired(file, DropoutFile);
      return { kind: "dropout", rate: dropout };
    }
    default: {
      // Older versions write no file for it.
      const read = await readRequired(file, NormalizeFile, {
        module_input_name: "sentence_embedding",
      });
      return { kind: "normalize", ...onTokens(read, place, file) };
    }
  }
}

/** Where a map is applied; refuses names that lead elsewhere. */
function onTokens(
  { module_input_name: input, module_output_name }: {
    module_input_name: string;
    module_output_name?: string | null | undefined;
  },
  place: ModulePlace,
  file: string,
): { on?: "tokens" } {
  const output = module_output_name ?? input;
  const wanted = place.pooled ? "sentence_embedding" : "token_embeddings";
  if (input === wanted && output === wanted) {
    return place.pooled ? {} : { on: "tokens" };
  }
  throw new SyntaxError(
    `Cannot read ${file}: module_input_name and module_output_name must be ${wanted} ${
      place.pooled ? "after" : "before"
    } Pooling: got ${shown(input)} and ${shown(output)}`,
  );
}

function checkPooled({ pooled }: ModulePlace, file: string): void {
  if (pooled) return;
  throw new SyntaxError(
    `Cannot read ${file}: it maps a text's vector, so it must come after Pooling`,
  );
}

/** Reads which layers are averaged, and the trained weights of each. */
export async function readLayerMix(
  { folder, entry }: ModulePlace,
): Promise<LayerMix> {
  const where = join(folder, entry.path);
  const file = join(where, "config.json");
  const read = await readRequired(file, LayerMixFile);
  using weights = await openModuleWeights(where, folder);
  const found = [...await weights.read("layer_weights")];
  const wanted = read.num_hidden_layers + 1 - read.layer_start;
  const total = found.reduce((sum, weight) => sum + weight, 0);
  if (found.length !== wanted || !Number.isFinite(1 / total)) {
    throw new SyntaxError(
      `Cannot read ${where}: layer_weights must be ${wanted} numbers whose sum isn't 0: got ${found.length}, of sum ${total}`,
    );
  }
  return { start: read.layer_start, weights: found };
}

/** Reads how hidden states become one vector. */
export async function readPooling(
  { folder, entry }: ModulePlace,
): Promise<Pooling | readonly Pooling[]> {
  const path = join(folder, entry.path, "config.json");
  const file = await readRequired(path, PoolingFile);
  const modes = file.pooling_mode === undefined
    ? POOLINGS.filter((name) => file[POOLING_MODES[name].flag] === true)
    : [file.pooling_mode].flat().map((mode) => {
      const name = POOLINGS.find((name) => POOLING_MODES[name].mode === mode);
      if (name) return name;
      throw new SyntaxError(
        `Cannot read ${path}: pooling_mode must be among ${
          POOLINGS.map((name) => POOLING_MODES[name].mode).join(", ")
        }: got ${shown(mode)}`,
      );
    });
  // Their default, where a file says nothing at all.
  if (modes.length === 0) return "mean";
  return modes.length === 1 ? modes[0]! : modes;
}

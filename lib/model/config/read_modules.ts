import { join } from "node:path";
import { z } from "zod";
import { shown } from "../../base/shown.ts";
import {
  MODULE_KINDS,
  readLayerMix,
  readModuleMap,
  readPooling,
} from "./read_module_map.ts";
import { readIfPresent } from "./read_file.ts";
import { type ModuleEntry, readModuleList } from "./module_list.ts";
import type { ModuleMap, ModulesConfig } from "./modules.ts";
import { named } from "../../base/named.ts";
import type { Side } from "./router.ts";
import { readTextSettings } from "./transformer_file.ts";

const PromptsFile = z.looseObject({
  prompts: named(z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
  tdro: z.looseObject({
    queryLength: z.int().positive().optional(),
    passageLength: z.int().positive().optional(),
  }).optional(),
  truncate_dim: z.int().positive().nullish(),
  similarity_fn_name: z.enum(
    ["cosine", "dot"],
    'must be "cosine" or "dot": vectors are compared by no other measure here',
  ).nullish(),
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
 * @param options `side`: which model, where queries and passages each have one.
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
export async function readModules(
  folder: string,
  { side }: { side?: Side | undefined } = {},
): Promise<ModulesConfig> {
  const config: ModulesConfig = {
    pooling: "mean",
    normalize: true,
    prompts: {},
  };
  const list = await readModuleList(folder, side);
  if (list) await takeModules(folder, list, config);
  const { maxLength, lowercase } = await readTextSettings(
    join(folder, list?.[0]?.path ?? ""),
  );
  if (maxLength !== undefined) config.maxLength = maxLength;
  // A folder that isn't theirs is read by transformers, which asks no such file.
  if (lowercase && list) config.lowercase = true;
  const file = await readIfPresent(
    join(folder, "config_sentence_transformers.json"),
    PromptsFile,
  );
  config.prompts = Object.fromEntries(
    Object.entries(file?.prompts ?? {}).filter(([, text]) => text !== null),
  ) as Record<string, string>;
  if (file?.truncate_dim) config.dim = file.truncate_dim;
  // Of vectors of length 1 both say the same.
  if (file?.similarity_fn_name === "cosine" && !config.normalize) {
    config.similarity = "cosine";
  }
  if (file?.default_prompt_name) {
    config.defaultPromptName = file.default_prompt_name;
  }
  const { queryLength: query, passageLength: passage } = file?.tdro ?? {};
  if (query && passage) config.lengths = { query, passage };
  return config;
}

/** Takes over what `modules.json` and the files that it names say. */
async function takeModules(
  folder: string,
  [, ...entries]: readonly ModuleEntry[],
  config: ModulesConfig,
): Promise<void> {
  const maps: ModuleMap[] = [];
  let pooled = false;
  for (const [i, entry] of entries.entries()) {
    const { kind } = entry;
    const place = { folder, entry, pooled };
    const refuse = (must: string) => {
      throw new SyntaxError(
        `Cannot read ${
          join(folder, "modules.json")
        }: modules must ${must}: got ${shown(kind)}`,
      );
    };
    if (!(MODULE_KINDS as readonly string[]).includes(kind)) {
      refuse(`be Transformer, ${MODULE_KINDS.join(", ")}`);
    }
    if (kind === "WeightedLayerPooling") {
      if (i > 0) refuse("have it right after Transformer");
      config.layerMix = await readLayerMix(place);
    } else if (kind === "Pooling") {
      if (pooled) refuse("have Pooling once");
      config.pooling = await readPooling(place);
      pooled = true;
    } else maps.push(await readModuleMap(place));
  }
  if (!pooled) {
    throw new SyntaxError(
      `Cannot read ${
        join(folder, "modules.json")
      }: modules must have Pooling: got none`,
    );
  }
  // Twice is once; what comes between is a map of its own.
  const last = maps.findLastIndex((map) => map.kind !== "normalize" || map.on);
  config.normalize = last + 1 < maps.length;
  if (last >= 0) config.maps = maps.slice(0, last + 1);
}

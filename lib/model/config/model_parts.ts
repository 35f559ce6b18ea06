import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { exists, isFile } from "../../base/files/exists.ts";
import { readJsonIfThere } from "../../base/files/json_file.ts";
import { modelFolder } from "../../base/files/model_folder.ts";
import { isHubName, nameOnHub } from "../../base/files/pulled_folder.ts";
import { shown } from "../../base/shown.ts";
import { ADAPTER } from "../lora/adapter_folder.ts";
import { readModuleList } from "./module_list.ts";
import type { Side } from "./router.ts";

/** Where the parts of a model lie. */
export interface ModelParts {
  /** Folder with sentence-transformers' files. */
  folder: string;
  /** Folder with `config.json` and the weights. */
  transformer: string;
  /** Folder with the tokenizer. */
  tokenizer: string;
  /** Folder with an adapter for the weights, if there is one. */
  adapter?: string;
}

const CONFIG = "adapter_config.json";

/**
 * Finds the parts of a model folder: in one folder; in `0_Transformer/`, as
 * sentence-transformers wrote them before version 2; with an adapter in
 * `adapter/` or beside the weights; or an adapter alone, whose base model is the
 * folder that it names or one that `tdro model pull` fetched under that name.
 *
 * @param path A model folder, a file in it, or a run with one model.
 * @param options `side`: which model, where queries and passages each have one.
 * @throws {Deno.errors.NotFound} If an adapter's base model isn't there; the
 * message says how to fetch it.
 *
 * @example Usage
 * ```ts
 * import { modelParts } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/adapter_config.json`,
 *   '{"base_model_name_or_path": "an/encoder"}',
 * );
 * await assert.rejects(modelParts(folder), /tdro model pull an\/encoder/);
 * ```
 */
export async function modelParts(
  path: string,
  { side }: { side?: Side | undefined } = {},
): Promise<ModelParts> {
  const folder = await modelFolder(path);
  if (isHubName(path) && !await exists(path)) {
    throw new Deno.errors.NotFound(
      `Cannot load ${path}: there is no such folder; to fetch a model of that name from the hub: tdro model pull ${path}`,
    );
  }
  const list = await readModuleList(folder, side);
  const transformer = join(folder, list?.[0]?.path ?? "");
  const adapter = await adapterOf(transformer);
  if (!adapter || await isFile(join(transformer, "config.json"))) {
    const parts = { folder, transformer, tokenizer: transformer };
    return adapter ? { ...parts, adapter } : parts;
  }
  const base = await modelParts(await baseModelOf(adapter));
  if (base.adapter) {
    throw new RangeError(
      `Cannot load ${folder}: the base model of an adapter must have none of its own: got ${base.folder}; merge that one by "tdro model merge"`,
    );
  }
  const own = await isFile(join(transformer, "tokenizer.json"));
  return {
    folder,
    transformer: base.transformer,
    tokenizer: own ? transformer : base.tokenizer,
    adapter,
  };
}

/** The folder of the adapter that belongs to the weights in a folder. */
async function adapterOf(folder: string): Promise<string | undefined> {
  for (const place of [join(folder, ADAPTER), folder]) {
    if (await isFile(join(place, CONFIG))) return place;
  }
}

const AdapterFile = z.looseObject({
  base_model_name_or_path: z.string().nullish(),
});

/** The folder of the model that an adapter was made for. */
async function baseModelOf(adapter: string): Promise<string> {
  const path = join(adapter, CONFIG);
  const file = await readJsonIfThere(path, AdapterFile);
  const name = file?.base_model_name_or_path;
  if (!name) {
    throw new Deno.errors.NotFound(
      `Cannot load ${adapter}: it is an adapter, and base_model_name_or_path in ${path} must say for which model: got ${
        shown(name)
      }; write its name or folder there`,
    );
  }
  const places = isAbsolute(name) ? [name] : [name, join(adapter, name)];
  for (const place of places) {
    if (await exists(join(place, "config.json"))) return place;
  }
  const last = name.split("/").at(-1)!;
  for (const place of [join(dirname(adapter), last), join("models", last)]) {
    if (await nameOnHub(place) === name) return place;
  }
  throw new Deno.errors.NotFound(
    `Cannot load ${adapter}: it is an adapter for the model ${
      shown(name)
    }, which isn't there; fetch it: tdro model pull ${name}`,
  );
}

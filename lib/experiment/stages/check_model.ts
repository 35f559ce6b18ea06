import { loadTokenizer, modelInfo, modelParts } from "../../model/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";

/**
 * Refuses a model that can't be loaded, before dear work; reads no weights.
 *
 * @param options Settings.
 */
export async function checkModel(
  { model, mineModel }: ExperimentOptions,
): Promise<void> {
  for (const folder of [model, mineModel]) {
    if (folder === undefined) continue;
    await modelInfo(folder);
    await loadTokenizer((await modelParts(folder)).tokenizer);
  }
}

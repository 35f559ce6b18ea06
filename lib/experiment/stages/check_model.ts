import { loadTokenizer, modelInfo, modelParts } from "../../model/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { refuseLongDims } from "../long_dims.ts";

/**
 * Refuses a model that can't be loaded, before dear work; reads no weights.
 *
 * @param options Settings.
 */
export async function checkModel(
  { model, mineModel, matryoshka }: ExperimentOptions,
): Promise<void> {
  for (const folder of [model, mineModel]) {
    if (folder === undefined) continue;
    const { dimension } = await modelInfo(folder);
    if (folder === model) refuseLongDims(matryoshka ?? [], dimension);
    await loadTokenizer((await modelParts(folder)).tokenizer);
  }
}

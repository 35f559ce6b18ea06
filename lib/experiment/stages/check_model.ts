import { checkSpace } from "../../base/files/check_space.ts";
import {
  type Encoder,
  loadTokenizer,
  modelInfo,
  modelParts,
} from "../../model/mod.ts";
import { diskSpace } from "../plan/estimate.ts";
import { plannedModel } from "../plan/planned_model.ts";
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

/**
 * Refuses a run whose models and checkpoints won't fit on the disk.
 *
 * @param options Settings.
 * @param models `base`: the start; `models`: how many models are kept.
 */
export async function checkModelSpace(
  { out, keep }: Pick<ExperimentOptions, "out" | "keep">,
  { base, models }: { base: Encoder; models: number },
): Promise<void> {
  await checkSpace(out, diskSpace(plannedModel(base), { models, keep }));
}

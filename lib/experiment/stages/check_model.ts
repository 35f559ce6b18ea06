import type { Variable } from "../../backend/mod.ts";
import { checkSpace } from "../../base/files/check_space.ts";
import {
  type Encoder,
  loadTokenizer,
  modelInfo,
  modelParts,
} from "../../model/mod.ts";
import { trainable } from "../../train/mod.ts";
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
  const sum = (parameters: Iterable<[string, Variable]>) =>
    [...parameters].reduce((total, [, { size }]) => total + size, 0);
  const whole = 4 * sum(base.parameters);
  // Two are kept while the next is written, each with two moments; and that of the
  // best model, with the one before.
  const count = keep === "best" ? 5 : 3;
  const checkpoints = count * (whole + 2 * 4 * sum(trainable(base)));
  await checkSpace(out, models * whole + checkpoints);
}

import { openEncoder } from "../commands/encoder_functions.ts";
import {
  evaluationOrigin,
  prompted,
  vectorsOf,
} from "../commands/eval/origin.ts";
import type { EvalPlan } from "../commands/eval/options.ts";
import type { CommandIo } from "../io.ts";
import type { DenseModel } from "./dense_searcher.ts";

/** A model and how its texts are encoded, as for an evaluation. */
export type DenseModelOptions =
  & Pick<
    EvalPlan,
    "suite" | "queryLength" | "passageLength" | "prompts" | "backend" | "cache"
  >
  & { model: string };

/** Loads a model for searching; vectors on disk are those that `tdro eval` keeps. */
export async function openDense(
  options: DenseModelOptions,
  io: CommandIo,
): Promise<DenseModel> {
  const { model, prompts, cache: folder } = options;
  const opened = await openEncoder(model, { ...options, io });
  try {
    const origin = await evaluationOrigin(options);
    return {
      ...opened,
      encode: origin.prompts
        ? prompted(opened.encode, origin.prompts)
        : opened.encode,
      prompts: prompts === "task" ? "task" : "none",
      cache: folder === undefined
        ? undefined
        : { folder, model: vectorsOf(origin) },
    };
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

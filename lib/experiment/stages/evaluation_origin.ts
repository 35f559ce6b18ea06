import { relative } from "node:path";
import { type EvalOrigin, hashModel } from "../../eval/mod.ts";
import { modelInfo } from "../../model/mod.ts";
import { versions } from "../versions.ts";
import type { StageInput } from "./stage_input.ts";

/**
 * What a run's record of an evaluation says of the model and the machine, as that
 * of `tdro eval` does, so that the two can be compared. When it was measured is left
 * out: a run that is repeated writes the same bytes.
 *
 * @param folder The model's folder.
 * @param input Settings of the run, and what computes it.
 */
export async function evaluationOrigin(
  folder: string,
  { options, backend }: Pick<StageInput, "options" | "backend">,
): Promise<EvalOrigin> {
  const { maxLength, dtypes } = await modelInfo(folder);
  const { name: _, ...model } = await hashModel(folder);
  return {
    model: {
      // Within the run, which may be moved.
      name: relative(options.out, folder).replaceAll("\\", "/"),
      ...model,
      // Integers among them are positions, not weights.
      dtype: dtypes.filter((type) => type.includes("F")).join(", "),
    },
    lengths: {
      query: Math.min(maxLength, options.queryLength),
      passage: Math.min(maxLength, options.passageLength),
    },
    ...backend && { backend: { name: backend.name, device: backend.device } },
    versions: versions(),
  };
}

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
 * @param folder The model's folder; none for one from scratch.
 * @param input Settings of the run, and what computes it.
 */
export async function evaluationOrigin(
  folder: string | undefined,
  { options, backend }: Pick<StageInput, "options" | "backend">,
): Promise<EvalOrigin> {
  const { queryLength: query, passageLength: passage } = options;
  const of = folder === undefined
    ? { lengths: { query, passage } }
    : await modelOrigin(folder, options);
  return {
    ...of,
    ...backend && { backend: { name: backend.name, device: backend.device } },
    versions: versions(),
  };
}

async function modelOrigin(
  folder: string,
  { out, queryLength, passageLength }: StageInput["options"],
): Promise<EvalOrigin> {
  const { maxLength, dtypes } = await modelInfo(folder);
  const { name, ...model } = await hashModel(folder);
  const within = relative(out, folder).replaceAll("\\", "/");
  return {
    model: {
      // Within the run, which may be moved.
      name: within.startsWith("..") ? name : within,
      ...model,
      // Integers among them are positions, not weights.
      dtype: dtypes.filter((type) => type.includes("F")).join(", "),
    },
    lengths: {
      query: Math.min(maxLength, queryLength),
      passage: Math.min(maxLength, passageLength),
    },
  };
}

import { relative } from "node:path";
import { type EvalOrigin, hashModel } from "../../eval/mod.ts";
import { modelInfo, notedPassageModel, textLimits } from "../../model/mod.ts";
import { modelFolder } from "../../base/files/model_folder.ts";
import { recordedComputeType } from "../retriever/vectors_of.ts";
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
    ...recordedComputeType(options.computeType),
    versions: versions(),
  };
}

async function modelOrigin(
  folder: string,
  options: StageInput["options"],
): Promise<EvalOrigin> {
  const { model, lengths } = await originOfModel(folder, options);
  const within = relative(options.out, folder).replaceAll("\\", "/");
  // Within the run, which may be moved.
  const name = within.startsWith("..") ? model.name : within;
  return { model: { ...model, name }, lengths };
}

/** What a record says of a model: hash, type of its weights, lengths that hold. */
export async function originOfModel(
  folder: string,
  given: Parameters<typeof textLimits>[1],
): Promise<Required<Pick<EvalOrigin, "model" | "lengths">>> {
  const info = await modelInfo(folder);
  const passages = await notedPassageModel(await modelFolder(folder));
  const { queryLength: query, passageLength: passage } = textLimits(
    info,
    given,
  );
  return {
    model: {
      ...await hashModel(folder),
      // Integers among them are positions, not weights.
      dtype: info.dtypes.filter((type) => type.includes("F")).join(", "),
      ...passages !== undefined && { passages },
    },
    lengths: { query, passage },
  };
}

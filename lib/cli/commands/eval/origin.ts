import type { EvalOrigin } from "../../../eval/mod.ts";
import type { EncodeFunction } from "../../../model/mod.ts";
import type { EvalPlan } from "./options.ts";

/** What the report says of the model and the machine. */
export async function evaluationOrigin(
  options: Pick<
    EvalPlan,
    | "suite"
    | "model"
    | "queryLength"
    | "passageLength"
    | "prompts"
    | "backend"
    | "computeType"
  >,
): Promise<EvalOrigin> {
  const { pinnedVersions, VERSION } = await import("../versions.ts");
  const { "@tensorflow/tfjs-core": tfjs } = pinnedVersions([
    "@tensorflow/tfjs-core",
  ]);
  const programs = { tdro: VERSION, deno: Deno.version.deno };
  const origin: EvalOrigin = {
    versions: options.model ? { ...programs, tfjs: tfjs! } : programs,
    date: new Date().toISOString(),
    path: options.suite,
  };
  if (options.model === undefined) return origin;
  const { model } = options;
  const { originOfModel } = await import(
    "../../../experiment/stages/evaluation_origin.ts"
  );
  const { recordedComputeType } = await import(
    "../../../experiment/retriever/vectors_of.ts"
  );
  const { modelInfo } = await import("../../../model/mod.ts");
  const { useBackend } = await import("../../../backend/mod.ts");
  const { name, device } = await useBackend(options.backend);
  return {
    ...await originOfModel(model, options),
    prompts: options.prompts === "model"
      ? ownPrompts((await modelInfo(model)).prompts)
      : undefined,
    backend: { name, device },
    ...recordedComputeType(options.computeType),
    ...origin,
  };
}

/** The prompts of retrieval among those that a model comes with. */
function ownPrompts(
  prompts: Readonly<Record<string, string>>,
): { query: string; passage: string } {
  const { query, passage = prompts.document ?? prompts.corpus } = prompts;
  if (query === undefined && passage === undefined) {
    throw new RangeError(
      `Cannot evaluate with the model's prompts: it must have one called query, passage or document: got ${
        Object.keys(prompts).join(", ") || "none"
      }; use --prompts task or none`,
    );
  }
  return { query: query ?? "", passage: passage ?? "" };
}

/** Puts the prompts before the texts. */
export function prompted(
  encode: EncodeFunction,
  prompts: { query: string; passage: string },
): EncodeFunction {
  return (texts, options) => {
    const before = prompts[options?.kind ?? "passage"];
    return encode(texts.map((text) => before + text), options);
  };
}

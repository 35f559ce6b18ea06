import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import type { EvalOrigin } from "../../eval/mod.ts";

/** Everything that vectors of passages depend on, beside the passages. */
export function vectorsOf(
  { model, lengths, prompts, backend, computeType }: EvalOrigin,
): string {
  return [
    // Passages that another model encoded before needn't be encoded again.
    model!.passages ?? model!.sha256,
    `${lengths!.passage} tokens`,
    JSON.stringify(prompts?.passage ?? ""),
    `${backend!.name} on ${backend!.device}`,
    ...computeType ? [computeType] : [],
  ].join(", ");
}

/** How a record says what products multiplied. */
export function recordedComputeType(
  type: InferencePrecision | undefined,
): Pick<EvalOrigin, "computeType"> {
  return type === undefined || type === "float32" ? {} : { computeType: type };
}

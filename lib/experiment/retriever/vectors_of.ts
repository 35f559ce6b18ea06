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

/** What two answers of {@linkcode vectorsOf} differ by, to be said after "vectors". */
export function otherVectors(theirs: string, ours: string): string {
  const [[theirModel, theirWay], [ourModel, ourWay]] = [theirs, ours]
    .map((vectors) => vectors.split(/, (.*)/s, 2)) as [Pair, Pair];
  return theirModel === ourModel
    ? `that were made otherwise (${theirWay}; now ${ourWay})`
    : "of another model";
}

type Pair = [model: string, way: string];

/** How a record says what products multiplied. */
export function recordedComputeType(
  type: InferencePrecision | undefined,
): Pick<EvalOrigin, "computeType"> {
  return type === undefined || type === "float32" ? {} : { computeType: type };
}

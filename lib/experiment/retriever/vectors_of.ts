import type { EvalOrigin } from "../../eval/mod.ts";

/** Everything that vectors of passages depend on, beside the passages. */
export function vectorsOf(
  { model, lengths, prompts, backend }: EvalOrigin,
): string {
  return [
    // Passages that another model encoded before needn't be encoded again.
    model!.passages ?? model!.sha256,
    `${lengths!.passage} tokens`,
    JSON.stringify(prompts?.passage ?? ""),
    `${backend!.name} on ${backend!.device}`,
  ].join(", ");
}

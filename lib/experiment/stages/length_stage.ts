import type { ProgressEvent } from "../../base/progress_event.ts";
import { EARLIER_MINING } from "../settled_lengths.ts";
import type { RunClaim } from "../run_claim.ts";
import type { StageInput } from "./stage_input.ts";
import { cutTexts, lengthLines, type TextLengths } from "./cut_texts.ts";

/** Lengths for mining by a model: of an earlier version's run, what that took. */
export function miningLengths(
  { record, state }: Pick<RunClaim, "record" | "state">,
): typeof EARLIER_MINING | undefined {
  return state === "unfinished" && !record.lengths ? EARLIER_MINING : undefined;
}

/**
 * Says at which lengths a run's texts are cut, and how many of them; a new run has
 * it in its record.
 *
 * @param input Start, tasks and settings.
 * @param options `claim`: the run's; `open`: whether the length of passages was left
 * out.
 */
export async function* lengthStage(
  { base, suite, options }: Pick<StageInput, "base" | "suite" | "options">,
  { claim, open }: {
    claim?: Pick<RunClaim, "record" | "state">;
    open: boolean;
  },
): AsyncGenerator<ProgressEvent, TextLengths> {
  const lengths = cutTexts(base, suite, options);
  if (claim?.state === "new") claim.record.lengths = lengths;
  const lines = lengthLines(lengths, {
    maxLength: options.model === undefined ? Infinity : base.maxLength,
    open,
  });
  const [label, note] = lines as [string, string];
  yield { stage: "lengths", label, note, lines, done: 1, total: 1 };
  return lengths;
}

import { z } from "zod";
import type { DevScore, DevState } from "../../train/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";

/** Which of the models that a training went through was kept, and why. */
export interface KeptStep {
  /** The rule: the last one, or the one with the best mean dev nDCG@10. */
  rule: "last" | "best";
  /** Updates behind the model that was kept; 0 is the start. */
  step: number;
  /** Its mean dev nDCG@10. */
  mean: number;
  /** The best evaluation. */
  best: DevScore;
  /** The last evaluation: the end of training. */
  end: DevScore;
  /** Updates that there were to be; fewer were made where patience ended it. */
  planned: number;
}

const score: z.ZodType<DevScore> = z.object({
  step: z.int().min(0),
  mean: z.number(),
});

/** A {@linkcode KeptStep} as it comes back from a file. */
export const keptStepSchema: z.ZodType<KeptStep> = z.object({
  rule: z.enum(["last", "best"]),
  step: z.int().min(0),
  mean: z.number(),
  best: score,
  end: score,
  planned: z.int().min(1),
});

/**
 * What the evaluations of a training that has ended say of its models.
 *
 * @param state What they came to.
 * @param options The rule, and the updates that there were to be.
 */
export function keptStep(
  { best, last }: DevState,
  { keep, steps }: Pick<ExperimentOptions, "keep" | "steps">,
): KeptStep {
  const kept = keep === "best" ? best : last;
  return { rule: keep, ...kept, best, end: last, planned: steps };
}

/**
 * Says in a sentence which model of an arm was kept, and why.
 *
 * @param arm What the arm is called.
 * @param kept What was kept.
 *
 * @example Usage
 * ```ts
 * import { keptSentence } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const best = { step: 60, mean: 0.53 }, end = { step: 120, mean: 0.51 };
 * const kept = { rule: "best", ...best, best, end, planned: 120 } as const;
 * assert.match(keptSentence("uniform", kept), /^uniform: the model of update 60 counts/);
 * ```
 */
export function keptSentence(
  arm: string,
  { rule, step, mean, best, end, planned }: KeptStep,
): string {
  const at = (updates: number) =>
    updates === 0 ? "the start, before any update" : `update ${updates}`;
  const ended = end.step < planned
    ? ` Training ended after ${end.step} of ${planned} updates, as the dev score had stopped rising.`
    : "";
  const dev = (value: number) => value.toFixed(4);
  if (rule === "last") {
    const late = best.step < end.step
      ? `; it was best at ${at(best.step)} (${dev(best.mean)})`
      : ", the best of all";
    return `${arm}: the last model counts, ${at(step)}; mean dev nDCG@10 ${
      dev(mean)
    }${late}.${ended}`;
  }
  const late = best.step < end.step
    ? `, ${dev(end.mean)} at the end (${at(end.step)})`
    : ", which is also the last";
  return `${arm}: the model of ${
    at(step)
  } counts, as its mean dev nDCG@10 is best: ${dev(mean)}${late}.${ended}`;
}

/** A sentence where every model that was kept is the start; else none. */
export function idleSentences(kept: readonly KeptStep[]): string[] {
  if (kept.length === 0 || kept.some(({ step }) => step > 0)) return [];
  return [
    "No training raised the dev score: what is compared is the start itself. Try a lower learning rate, more steps, or no --patience.",
  ];
}

/** The rule by which models were kept, in words; without evaluations the usual one. */
export function ruleOf(kept: readonly KeptStep[]): string {
  return kept[0]?.rule === "best"
    ? "the best mean dev nDCG@10"
    : "the last step";
}

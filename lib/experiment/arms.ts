import type { ExperimentOptions } from "./experiment_options.ts";

/** The retrievers that an experiment compares, in the order of its tables. */
export const ARMS = ["uniform", "reweighted", "top"] as const;

/**
 * Name of an arm: the uniform baseline, sampling by the learned weights, or
 * uniform sampling from the heaviest tasks (`topPercent` of them).
 */
export type ArmName = typeof ARMS[number];

/**
 * What an arm is called where people read it: the top arm with its share.
 *
 * @param arm Name of the arm.
 * @param settings The run's, or its summary.
 *
 * @example Usage
 * ```ts
 * import { armLabel } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(armLabel("top", { topPercent: 40 }), "top 40 %");
 * ```
 */
export function armLabel(
  arm: string,
  { topPercent }: Pick<ExperimentOptions, "topPercent">,
): string {
  return arm === "top" ? `top ${topPercent} %` : arm;
}

/** What the arms are measured against, without any training: BM25, and their start. */
export const BASELINES = ["bm25", "start"] as const;

/** Name of a baseline. */
export type BaselineName = typeof BASELINES[number];

/** How each arm's mixture comes about, a sentence for its model's card. */
export function aboutArms(
  { measure, topPercent, weightSteps, weightSeeds }: Pick<
    ExperimentOptions,
    "measure" | "topPercent" | "weightSteps" | "weightSeeds"
  >,
): Record<ArmName, string> {
  const learned =
    `learned by tDRO (${weightSteps} updates of a proxy against a uniformly trained reference, measure \`${measure}\`${
      weightSeeds > 1 ? `, the mean of ${weightSeeds} seeds` : ""
    })`;
  return {
    uniform: "Every task is drawn alike.",
    reweighted: `Tasks are drawn by weights that were ${learned}.`,
    top:
      `The ${topPercent} % of the tasks with the largest weights, ${learned}, are drawn alike.`,
  };
}

import type { EvalReport } from "../eval/mod.ts";
import { armLabel, type ArmName, ARMS, type BaselineName } from "./arms.ts";
import {
  idleSentences,
  keptSentence,
  type KeptStep,
  ruleOf,
} from "./dev/kept_step.ts";

/** A number for each arm of the comparison. */
export type ByArm = Record<ArmName, number>;

/** One task's line in a summary. */
export interface SummaryTask {
  /** Task name. */
  name: string;
  /** Training rows. */
  size: number;
  /** Learned domain weight; they sum to 1. */
  weight: number;
  /**
   * What the released measure gives on the same losses; the paper's, where that was
   * the chosen one.
   */
  otherWeight: number;
  /**
   * Weights that chance alone gives it: 95 % of them lie between the two (low, high).
   * Absent from runs of a version before.
   */
  chance?: [number, number] | undefined;
  /** nDCG@10 on the test split, in [0, 1]. */
  ndcg: ByArm;
  /** The same without training; absent from runs of a version before. */
  baselines?: Record<BaselineName, number> | undefined;
}

/** How an arm compares with the uniform one. */
export interface ArmDifference {
  /** Difference of the mean nDCG@10 over tasks. */
  difference: number;
  /** Its 95 % interval, by bootstrap over the queries within each task. */
  interval: [number, number];
  /** Tasks on which the arm is better, and worse. */
  better: number;
  /** Tasks on which the arm is worse. */
  worse: number;
}

/** The content of `summary.json`: the verdict of a run. */
export interface ExperimentSummary {
  /** Name of the suite. */
  suite: string;
  /** One entry per task, in the suite's order. */
  tasks: SummaryTask[];
  /** Mean nDCG@10 over the tasks. */
  mean: ByArm;
  /** The same without training: BM25, and the model that the arms started from. */
  baselines?: Record<BaselineName, number> | undefined;
  /** Share of the suite's training rows that lie in tasks the arm samples. */
  dataUsed: ByArm;
  /** Share of the suite's training rows that were really drawn at least once. */
  rowsSeen: ByArm;
  /** Which model of each arm was kept, and why; absent without `evalEvery`. */
  kept?: Record<ArmName, KeptStep> | undefined;
  /** The arms against the uniform one. */
  compared: Record<Exclude<ArmName, "uniform">, ArmDifference>;
  /** Seconds by stage. */
  seconds: Record<string, number>;
  /** The tfjs backend. */
  backend: string;
  /** Seed for everything random. */
  seed: number;
  /** Measure by which the weights were learned. */
  measure: string;
  /** Seeds of stage 1 whose log-weights were averaged; absent in earlier runs: 1. */
  weightSeeds?: number | undefined;
  /** Floor of the reference losses, if it was set. */
  referenceFloor?: number | undefined;
  /** Batch size at which the floor holds, if it was set. */
  floorAsAt?: number | undefined;
  /** Percentage of the tasks in the top arm. */
  topPercent: number;
  /** Guard rails that the weights crossed, each one line. */
  warnings: string[];
  /** Versions of what computed it. */
  versions: Record<string, string>;
}

/** The metric that the arms are compared by. */
export const METRIC = "nDCG@10";

/** Mean of the metric over tasks, for each arm. */
export function meanByArm(reports: Record<ArmName, EvalReport>): ByArm {
  return byArm((arm) => reports[arm].mean[METRIC]!);
}

/** One number per arm. */
export function byArm(value: (arm: ArmName) => number): ByArm {
  return Object.fromEntries(ARMS.map((arm) => [arm, value(arm)])) as ByArm;
}

/**
 * The outcome in sentences: what each arm gained over uniform sampling, with its
 * interval over test queries. No arm is called a winner: with one seed the mixture
 * can't be told from luck.
 *
 * @param summary Summary of a run.
 *
 * @example Usage
 * ```ts
 * import { type ExperimentSummary, verdict } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const arms = { uniform: 0.3, reweighted: 0.35, top: 0.28 };
 * const summary: ExperimentSummary = { // the content of summary.json
 *   suite: "mine",
 *   tasks: [{ name: "faq", size: 90, weight: 1, otherWeight: 1, ndcg: arms }],
 *   mean: arms,
 *   dataUsed: { uniform: 1, reweighted: 1, top: 1 },
 *   rowsSeen: { uniform: 1, reweighted: 1, top: 1 },
 *   compared: {
 *     reweighted: { difference: 0.05, interval: [0.02, 0.08], better: 1, worse: 0 },
 *     top: { difference: -0.02, interval: [-0.05, 0.01], better: 0, worse: 1 },
 *   },
 *   seconds: {}, backend: "wasm", seed: 42, measure: "released", topPercent: 70,
 *   warnings: [], versions: {},
 * };
 * const [reweighted, top] = verdict(summary);
 * assert.match(reweighted!, /\+0\.0500 \(95 % interval over test queries \+0\.0200/);
 * assert.match(top!, /Better on 0 of 1 tasks, worse on 1/);
 * ```
 */
export function verdict(summary: ExperimentSummary): string[] {
  return [...outcome(summary), ...summary.warnings];
}

/** The verdict without the guard rails that were crossed. */
export function outcome(summary: ExperimentSummary): string[] {
  const { mean, compared, dataUsed } = summary;
  const percent = (x: number) => `${(100 * x).toFixed(0)} %`;
  const signed = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(4)}`;
  const name = {
    reweighted: "Reweighted sampling (tDRO)",
    top: `The top ${summary.topPercent} % of the tasks`,
  };
  const sentences = (["reweighted", "top"] as const).map((arm) => {
    const { difference, interval: [low, high], better, worse } = compared[arm];
    return `${name[arm]}: mean nDCG@10 ${mean[arm].toFixed(4)} against ` +
      `${mean.uniform.toFixed(4)} for uniform sampling, ${
        signed(difference)
      } ` +
      `(95 % interval over test queries ${signed(low)} to ${signed(high)}). ` +
      `Better on ${better} of ${summary.tasks.length} tasks, worse on ${worse}; ` +
      `sampled from ${percent(dataUsed[arm])} of the training rows.`;
  });
  return [
    ...sentences,
    ...beforeTraining(summary),
    ...keptSentences(summary),
    `Every arm had the same budget, start and selection rule (${
      ruleOf(Object.values(summary.kept ?? {}))
    }). One seed (${summary.seed}) can't tell a mixture from luck: tdro arena compares mixtures over several.`,
  ];
}

/** Which model of each arm was kept, and why. */
function keptSentences(summary: ExperimentSummary): string[] {
  const kept = Object.entries(summary.kept ?? {});
  return [
    ...kept.map(([arm, own]) => keptSentence(armLabel(arm, summary), own)),
    ...idleSentences(kept.map(([, own]) => own)),
  ];
}

/** What training came to at all. */
function beforeTraining({ mean, baselines }: ExperimentSummary): string[] {
  if (!baselines) return [];
  const worse = ARMS.filter((arm) => mean[arm] < baselines.start);
  const lexical = ARMS.every((arm) => mean[arm] < baselines.bm25);
  return [
    withoutTraining(baselines, "the model that every arm started from"),
    ...worse.length > 0
      ? [
        `Training did harm: ${worse.join(", ")} ${
          worse.length > 1 ? "are" : "is"
        } below the start; try a lower learning rate, fewer steps, or longer texts.`,
      ]
      : [],
    ...lexical ? ["BM25 is better than every arm."] : [],
  ];
}

/** A sentence on the baselines; `start` says what the start is. */
export function withoutTraining(
  baselines: Record<BaselineName, number>,
  start: string,
): string {
  return `Without training: mean nDCG@10 ${
    baselines.start.toFixed(4)
  } for ${start}, ${baselines.bm25.toFixed(4)} for BM25.`;
}

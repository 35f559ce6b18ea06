import type { EvalReport } from "../../eval/mod.ts";
import {
  gainPlot,
  intervalPlot,
  lossPlot,
  measuresPlot,
  ndcgPlot,
  type PlotSpec,
  weightsPlot,
  weightTrajectoryPlot,
} from "../../report/mod.ts";
import { type ArmName, ARMS } from "../arms.ts";
import { explainMetrics } from "../explain_run.ts";
import type { MetricsLine } from "../stages/metrics_log.ts";
import { taskDifferences, taskIntervals } from "../task_intervals.ts";
import type { ExperimentSummary } from "../summary.ts";

/** The plots of a run, as Vega-Lite specifications to show or edit. */
export interface ExperimentPlots {
  /** Weights after each update. */
  trajectories: PlotSpec;
  /** Weights at the end. */
  weights: PlotSpec;
  /** Both readings of the measure by task; absent if the log has no examples. */
  measures?: PlotSpec;
  /** nDCG@10 by task and arm, with intervals if the scores are known. */
  ndcg: PlotSpec;
  /** Gain of reweighted sampling by task; absent without the scores. */
  differences?: PlotSpec;
  /** Mean nDCG@10 against data used. */
  gain: PlotSpec;
  /** Loss of each update, by arm. */
  loss: PlotSpec;
}

/**
 * The plots of a run.
 *
 * @param summary Its summary.
 * @param metrics Its log.
 * @param reports What each query scored; with them plots have intervals.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 *
 * @example Usage
 * ```ts
 * import { experimentPlots } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof experimentPlots, "function"); // runExperiment() gives all
 * ```
 */
export function experimentPlots(
  summary: ExperimentSummary,
  metrics: readonly MetricsLine[],
  reports?: Readonly<Record<ArmName, EvalReport>>,
): ExperimentPlots {
  const { tasks, seed } = summary;
  const explained = explainMetrics(tasks, metrics, summary.measure);
  const intervals = reports && taskIntervals(reports, seed);
  return {
    trajectories: weightTrajectoryPlot(weightSteps(summary, metrics)),
    weights: weightsPlot(
      tasks.map(({ name, weight, size }) => ({ task: name, weight, size })),
    ),
    measures: explained.length > 0 ? measuresPlot(explained) : undefined,
    ndcg: ndcgPlot(
      tasks.flatMap(({ name, ndcg }, k) =>
        ARMS.map((arm) => ({
          task: name,
          arm,
          ndcg: ndcg[arm],
          ...intervals?.[arm][k],
        }))
      ),
    ),
    differences: reports && intervalPlot(
      taskDifferences(reports, "reweighted", seed),
      { metric: "nDCG@10 by task" },
    ),
    gain: gainPlot(
      ARMS.map((arm) => ({
        arm,
        dataUsed: summary.data_used[arm],
        ndcg: summary.mean[arm],
      })),
    ),
    loss: lossPlot(
      metrics.filter((l) => !l.weights).map(({ stage, step, loss }) => ({
        arm: stage,
        step: step + 1,
        loss,
      })),
    ),
  };
}

/** Weights from the start and after each update, a row a task. */
export function weightSteps(
  { tasks }: ExperimentSummary,
  metrics: readonly MetricsLine[],
): { step: number; task: string; weight: number }[] {
  return [
    ...tasks.map(({ name }) => ({
      step: 0,
      task: name,
      weight: 1 / tasks.length,
    })),
    ...metrics.flatMap(({ step, weights }) =>
      (weights ?? []).map((weight, k) => ({
        step: step + 1,
        task: tasks[k]!.name,
        weight,
      }))
    ),
  ];
}

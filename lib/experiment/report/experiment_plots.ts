import type { EvalReport } from "../../eval/mod.ts";
import {
  devPlot,
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
import { type DevLine, devRows } from "../dev/dev_log.ts";
import { explainMetrics, weightHistory } from "../explain/explain_run.ts";
import type { MetricsLine } from "../stages/metrics_log.ts";
import { taskDifferences, taskIntervals } from "../task_intervals.ts";
import type { ExperimentSummary } from "../summary.ts";

/** The plots of a run, as Vega-Lite specifications to show or edit. */
export interface ExperimentPlots {
  /** Weights after each update. */
  trajectories: PlotSpec;
  /** Weights at the end. */
  weights: PlotSpec;
  /** Both variants of the measure by task; absent if the log has no examples. */
  measures?: PlotSpec;
  /** nDCG@10 by task and arm, with intervals if the scores are known. */
  ndcg: PlotSpec;
  /** Gain of reweighted sampling by task; absent without the scores. */
  differences?: PlotSpec;
  /** Mean nDCG@10 against data used. */
  gain: PlotSpec;
  /** Loss of each update, by arm. */
  loss: PlotSpec;
  /** Mean nDCG@10 on dev queries while training, by arm; absent without any. */
  dev?: PlotSpec;
  /** The same by task, of the uniform arm. */
  devUniform?: PlotSpec;
  /** Of the reweighted arm. */
  devReweighted?: PlotSpec;
  /** Of the top arm. */
  devTop?: PlotSpec;
}

/**
 * The plots of a run.
 *
 * @param summary Its summary.
 * @param metrics Its log.
 * @param reports What each query scored; with them plots have intervals.
 * @param dev Evaluations while training, for their plots.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 *
 * @example Usage
 * ```ts
 * import { experimentPlots, type ExperimentSummary } from "@tdro/tdro/experiment";
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
 * const line = { loss: 2, lossByTask: { faq: 2 }, gradNorm: 1, learningRate: 1e-3, tokens: 9, seconds: 1 };
 * const metrics = [{ stage: "uniform", step: 0, ...line }];
 * const { weights, ndcg, differences } = experimentPlots(summary, metrics);
 * assert.ok(weights.$schema.includes("vega-lite") && ndcg.$schema.includes("vega-lite"));
 * assert.equal(differences, undefined); // needs the scores of each query
 * ```
 */
export function experimentPlots(
  summary: ExperimentSummary,
  metrics: readonly MetricsLine[],
  reports?: Readonly<Record<ArmName, EvalReport>>,
  dev: readonly DevLine[] = [],
): ExperimentPlots {
  const { tasks, seed } = summary;
  const explained = explainMetrics(tasks, metrics, summary);
  const intervals = reports && taskIntervals(reports, seed);
  return {
    trajectories: weightTrajectoryPlot(weightSteps(summary, metrics)),
    weights: weightsPlot(
      tasks.map(({ name, weight, size, chance }) => ({
        task: name,
        weight,
        size,
        low: chance?.[0] ?? null,
        high: chance?.[1] ?? null,
      })),
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
        dataUsed: summary.dataUsed[arm],
        ndcg: summary.mean[arm],
        ...arm !== "uniform" &&
          fromBase(summary.mean.uniform, summary.compared[arm].interval),
      })),
    ),
    loss: lossPlot(
      metrics.filter((l) => !l.weights).map(({ stage, step, loss }) => ({
        arm: stage,
        step: step + 1,
        loss,
      })),
    ),
    dev: dev.length === 0 ? undefined : devPlot(
      dev.map(({ stage, step, mean }) => ({ arm: stage, step, ndcg: mean })),
    ),
    devUniform: devByTask("uniform", summary, dev),
    devReweighted: devByTask("reweighted", summary, dev),
    devTop: devByTask("top", summary, dev),
  };
}

/** The course of one arm's tasks. */
function devByTask(
  arm: ArmName,
  { kept }: ExperimentSummary,
  dev: readonly DevLine[],
): PlotSpec | undefined {
  const rows = devRows(dev.filter(({ stage }) => stage === arm))
    .map(({ step, task, ndcg }) => ({ step, task, ndcg }));
  if (rows.length === 0) return;
  return devPlot(rows, { kept: kept?.[arm].step });
}

/** The interval of a difference, laid on the score that it is a difference to. */
export function fromBase(
  base: number,
  [low, high]: readonly [number, number],
): { low: number; high: number } {
  const within = (score: number) => Math.min(1, Math.max(0, score));
  return { low: within(base + low), high: within(base + high) };
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
    ...weightHistory(metrics).flatMap((weights, step) =>
      weights.map((weight, k) => ({
        step: step + 1,
        task: tasks[k]!.name,
        weight,
      }))
    ),
  ];
}

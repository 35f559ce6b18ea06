import { join } from "node:path";
import { type Suite, suiteRows, writeWhole } from "../data/mod.ts";
import type { EvalReport } from "../eval/mod.ts";
import {
  gainPlot,
  htmlReport,
  lossPlot,
  measuresPlot,
  ndcgPlot,
  resultsTable,
  weightsPlot,
  weightTrajectoryPlot,
} from "../report/mod.ts";
import type { MineStatistics } from "../search/mod.ts";
import { type ArmName, ARMS } from "./arms.ts";
import { explainMetrics, explanationTable } from "./explain_run.ts";
import type { MetricsLine } from "./_metrics_log.ts";
import type { RunRecord } from "./_run_folder.ts";
import { resultRows } from "./_summarise.ts";
import { type ExperimentSummary, verdict } from "./summary.ts";

/** Everything that a report shows. */
export interface ReportInput {
  /** The run. */
  record: RunRecord;
  /** The tasks. */
  suite: Suite;
  /** The verdict. */
  summary: ExperimentSummary;
  /** What the arms scored. */
  reports: Record<ArmName, EvalReport>;
  /** The log. */
  metrics: readonly MetricsLine[];
  /** What mining did, by task name. */
  statistics: Record<string, MineStatistics>;
}

/** Writes a run's `report.html`. */
export async function writeReport(input: ReportInput): Promise<void> {
  const { record, suite, summary, metrics, statistics } = input;
  const plots = experimentPlots(summary, metrics);
  const explained = explainMetrics(summary.tasks, metrics, summary.measure);
  const html = await htmlReport({
    title: `tDRO on the suite “${summary.suite}”`,
    summary: verdict(summary),
    tables: [
      {
        caption: "nDCG@10 on the test splits, by task",
        table: resultsTable(resultRows(summary)),
        footRows: 1,
      },
      ...(explained.length === 0 ? [] : [{
        caption: "Why the weights rose or fell (losses of stage 1)",
        table: explanationTable(explained),
      }]),
    ],
    plots: [
      {
        title: "Course of the weights",
        spec: plots.trajectories,
        description:
          `Domain weights after each update of stage 1 (measure: ${summary.measure}).`,
      },
      {
        title: "Learned weights",
        spec: plots.weights,
        description: "Weights at the end of stage 1; the rule marks 1/K.",
      },
      ...(plots.measures
        ? [{
          title: "Both readings of the measure",
          spec: plots.measures,
          description:
            "Measure of each task as tDRO's code and its paper take it, on the same losses.",
        }]
        : []),
      {
        title: "nDCG@10 by task",
        spec: plots.ndcg,
        description: "Uniform sampling against both arms of stage 2.",
      },
      {
        title: "Quality against data",
        spec: plots.gain,
        description:
          "Mean nDCG@10 against the share of the training rows in sampled tasks.",
      },
      {
        title: "Loss while training",
        spec: plots.loss,
        description: "Mean loss of each update, by arm.",
      },
    ],
    appendix: [
      { caption: "The tasks", table: suiteRows(suite) },
      {
        caption: "Mined hard negatives",
        table: Object.entries(statistics).map(([task, s]) => ({ task, ...s })),
      },
    ],
    provenance: { ...record, status: "finished", summary },
  });
  await writeWhole(join(record.options.out, "report.html"), html);
}

/** The plots of a run, as Vega-Lite specifications to show or edit. */
export interface ExperimentPlots {
  /** Weights after each update. */
  trajectories: ReturnType<typeof weightTrajectoryPlot>;
  /** Weights at the end. */
  weights: ReturnType<typeof weightsPlot>;
  /** Both readings of the measure by task; absent if the log has no examples. */
  measures?: ReturnType<typeof measuresPlot>;
  /** nDCG@10 by task and arm. */
  ndcg: ReturnType<typeof ndcgPlot>;
  /** Mean nDCG@10 against data used. */
  gain: ReturnType<typeof gainPlot>;
  /** Loss of each update, by arm. */
  loss: ReturnType<typeof lossPlot>;
}

/**
 * The plots of a run.
 *
 * @param summary Its summary.
 * @param metrics Its log.
 * @returns Vega-Lite specifications; `show()` them in a notebook.
 *
 * @example Usage
 * ```ts
 * import { experimentPlots } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof experimentPlots, "function"); // runExperiment() gives both
 * ```
 */
export function experimentPlots(
  summary: ExperimentSummary,
  metrics: readonly MetricsLine[],
): ExperimentPlots {
  const names = summary.tasks.map((t) => t.name);
  const explained = explainMetrics(summary.tasks, metrics, summary.measure);
  const start = names.map((task) => ({
    step: 0,
    task,
    weight: 1 / names.length,
  }));
  return {
    trajectories: weightTrajectoryPlot([
      ...start,
      ...metrics.flatMap(({ step, weights }) =>
        (weights ?? []).map((weight, k) => ({
          step: step + 1,
          task: names[k]!,
          weight,
        }))
      ),
    ]),
    weights: weightsPlot(
      summary.tasks.map(({ name, weight, size }) => ({
        task: name,
        weight,
        size,
      })),
    ),
    ...(explained.length > 0 ? { measures: measuresPlot(explained) } : {}),
    ndcg: ndcgPlot(
      summary.tasks.flatMap(({ name, ndcg }) =>
        ARMS.map((arm) => ({ task: name, arm, ndcg: ndcg[arm] }))
      ),
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

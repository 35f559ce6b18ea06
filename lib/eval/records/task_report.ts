import type { Qrels, Run } from "../../data/types.ts";
import type { EvalReport, TaskReport } from "./eval_report.ts";
import { evaluateRun } from "../evaluate_run.ts";
import { parseMetric } from "../metrics/metric.ts";

/** The rule of {@linkcode evaluateRun}, as reports name it. */
export const TIES = "float32 score descending, then passage id descending";

/** Metrics of a task's run. */
export function taskReport(
  about: Pick<TaskReport, "task" | "domain" | "prompt" | "passages"> & {
    data?: TaskReport["data"];
  },
  { qrels, run, metrics, ignoreIdenticalIds }: {
    qrels: Qrels;
    run: Run;
    metrics: readonly string[];
    ignoreIdenticalIds: boolean;
  },
): TaskReport {
  const { perQuery, mean } = evaluateRun(qrels, run, metrics, {
    ignoreIdenticalIds,
  });
  return {
    ...about,
    mean,
    queryIds: [...perQuery.keys()],
    perQuery: Object.fromEntries(metrics.map((metric) => [
      metric,
      Array.from(perQuery.values(), (values) => values[metric]!),
    ])),
  };
}

/** Metric → mean over tasks, each counting the same. */
export function meanOfTasks(
  tasks: readonly TaskReport[],
  metrics: readonly string[],
): EvalReport["mean"] {
  return Object.fromEntries(metrics.map((metric) => [
    metric,
    tasks.reduce((sum, { mean }) => sum + mean[metric]!, 0) / tasks.length,
  ]));
}

/** Throws a RangeError unless the metrics can be computed of k passages. */
export function checkMetrics(metrics: readonly string[], k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot evaluate: k must be an integer of at least 1: got ${k}`,
    );
  }
  if (metrics.length === 0) {
    throw new RangeError(
      "Cannot evaluate: metrics must name at least one: got none",
    );
  }
  for (const name of metrics) {
    const { cut } = parseMetric(name);
    if (cut !== Infinity && cut > k) {
      throw new RangeError(
        `Cannot evaluate: k must be at least ${cut} for ${name}: got ${k}`,
      );
    }
  }
}

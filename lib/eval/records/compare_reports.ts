import { printable } from "../../base/printable.ts";
import type { EvalReport, TaskReport } from "./eval_report.ts";
import { holm } from "../significance/holm.ts";
import { pairedTTest } from "../significance/paired_t.ts";
import { randomizationTest } from "../significance/randomization.ts";
import {
  type DifferentSetting,
  settingsThatDiffer,
} from "./settings_that_differ.ts";
import { mean } from "../../base/mean.ts";
import type { RandomSource } from "../../base/random_source.ts";

/** Options for {@linkcode compareReports}. */
export interface CompareReportsOptions {
  /** The metric to compare. @default {the first that both have} */
  metric?: string;
  /** Queries to list of each task, those that changed most. @default {5} */
  movers?: number;
  /**
   * Where chance comes from; with it, a paired randomisation test is run beside the
   * t-test.
   */
  rng?: Pick<RandomSource, "int">;
}

/** A query that fares otherwise in the second report. */
export interface Mover {
  /** Its id. */
  query: string;
  /** Value in the first report. */
  a: number;
  /** Value in the second report. */
  b: number;
}

/** One task in two reports; a win is a query that the second does better. */
export interface TaskComparison {
  /** Name of the task. */
  task: string;
  /** Mean in the first report, over the queries of both. */
  a: number;
  /** Mean in the second report, over the queries of both. */
  b: number;
  /** b - a. */
  difference: number;
  /** 95 % interval of the difference; NaN for a single query. */
  interval: [number, number];
  /** Queries of both. */
  queries: number;
  /** Queries that the second report does better. */
  wins: number;
  /** Queries that it does worse. */
  losses: number;
  /** Queries without a change. */
  ties: number;
  /** Queries of the first report alone. */
  onlyA: number;
  /** Queries of the second report alone. */
  onlyB: number;
  /** p of the paired t-test, two-sided; 1 if no query changed. */
  p: number;
  /** The same, adjusted by Holm for all tasks compared. */
  adjustedP: number;
  /** p of the paired randomisation test, if there was an `rng`. */
  randomizationP?: number;
  /** The queries that changed most, largest change first. */
  movers: Mover[];
}

/** Why two reports differ. */
export interface ReportComparison {
  /** The metric compared. */
  metric: string;
  /** Means over the tasks of both, each over the queries of both. */
  mean: { a: number; b: number };
  /** Settings in which they differ; none means the same experiment, twice. */
  settings: DifferentSetting[];
  /** The tasks of both, in the first report's order. */
  tasks: TaskComparison[];
  /** Tasks of the first report alone. */
  onlyA: string[];
  /** Tasks of the second report alone. */
  onlyB: string[];
}

/**
 * Compares two evaluations on the tasks that both have: which settings differ, and,
 * task by task over the queries of both, which queries gained and lost, by how
 * much, and whether chance explains it (paired t-test, adjusted by Holm).
 *
 * @param a First report.
 * @param b Second report.
 * @param options Metric, how much to list, chance.
 * @returns The comparison; positive differences are in favour of b.
 * @throws {RangeError} If they share no task, metric or query of a task.
 *
 * @example Usage
 * ```ts
 * import { compareReports, type EvalReport } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const report = (k: number, values: number[]): EvalReport => ({
 *   format: "tdro-eval/1",
 *   suite: "mine",
 *   settings: {
 *     split: "test", metrics: ["MRR@10"], k, prompts: "none", ignoreIdenticalIds: false,
 *     ties: "float32 score descending, then passage id descending",
 *   },
 *   tasks: [{
 *     task: "faq", domain: 0, prompt: "", passages: 9, mean: {},
 *     queryIds: ["q1", "q2", "q3"], perQuery: { "MRR@10": values },
 *   }],
 *   mean: { "MRR@10": values.reduce((sum, value) => sum + value) / 3 },
 * });
 * const { settings, tasks } = compareReports(
 *   report(10, [1, 0.5, 0]),
 *   report(100, [1, 1, 0.25]),
 * );
 * assert.equal(settings[0]!.setting, "settings.k");
 * assert.deepEqual([tasks[0]!.wins, tasks[0]!.losses], [2, 0]);
 * assert.equal(tasks[0]!.movers[0]!.query, "q2");
 * ```
 */
export function compareReports(
  a: EvalReport,
  b: EvalReport,
  { metric: wanted, movers = 5, rng }: CompareReportsOptions = {},
): ReportComparison {
  const metric = commonMetric(a, b, wanted);
  const both = a.tasks.flatMap((task) => {
    const other = b.tasks.find(({ task: name }) => name === task.task);
    return other ? [[task, other] as const] : [];
  });
  if (both.length === 0) {
    const names = ({ tasks }: EvalReport) =>
      printable(tasks.map(({ task }) => task).join(", "));
    throw new RangeError(
      `Cannot compare the evaluations: they must share a task: got ${
        names(a)
      } and ${names(b)}`,
    );
  }
  const tasks = both.map(([x, y]) =>
    compareTask(x, y, { metric, movers, rng })
  );
  const adjusted = holm(tasks.map(({ p }) => p));
  const alone = (of: EvalReport, other: EvalReport) =>
    of.tasks.map(({ task }) => task)
      .filter((name) => !other.tasks.some(({ task }) => task === name));
  return {
    metric,
    mean: {
      a: mean(tasks.map((task) => task.a)),
      b: mean(tasks.map((task) => task.b)),
    },
    settings: settingsThatDiffer(a, b),
    tasks: tasks.map((task, i) => ({ ...task, adjustedP: adjusted[i]! })),
    onlyA: alone(a, b),
    onlyB: alone(b, a),
  };
}

function commonMetric(
  a: EvalReport,
  b: EvalReport,
  wanted: string | undefined,
): string {
  const common = a.settings.metrics
    .filter((name) => b.settings.metrics.includes(name));
  const metric = wanted ?? common[0];
  if (metric !== undefined && common.includes(metric)) return metric;
  throw new RangeError(
    wanted === undefined
      ? `Cannot compare the evaluations: they must share a metric: got ${
        printable(
          `${a.settings.metrics.join(", ")} and ${
            b.settings.metrics.join(", ")
          }`,
        )
      }`
      : `Cannot compare the evaluations: metric must be one of both, ${
        common.join(", ") || "(none)"
      }: got ${JSON.stringify(wanted)}`,
  );
}

function compareTask(
  a: TaskReport,
  b: TaskReport,
  { metric, movers, rng }: {
    metric: string;
    movers: number;
    rng: Pick<RandomSource, "int"> | undefined;
  },
): Omit<TaskComparison, "adjustedP"> {
  const pairs = pairsOf(a, b, metric);
  if (pairs.length === 0) {
    throw new RangeError(
      `Cannot compare task ${a.task}: the evaluations must share a query: got none; are they of one split?`,
    );
  }
  const first = pairs.map((pair) => pair.a);
  const second = pairs.map((pair) => pair.b);
  const changed = pairs.filter((pair) => Math.abs(pair.b - pair.a) > 1e-12);
  const wins = changed.filter((pair) => pair.b > pair.a).length;
  const { p, interval, meanDifference } = pairedTTest(second, first);
  const compared = {
    task: a.task,
    a: mean(first),
    b: mean(second),
    difference: meanDifference,
    interval,
    queries: pairs.length,
    wins,
    losses: changed.length - wins,
    ties: pairs.length - changed.length,
    onlyA: a.queryIds.length - pairs.length,
    onlyB: b.queryIds.length - pairs.length,
    // Without a change, or with a single query, there is nothing to test.
    p: Number.isNaN(p) ? 1 : p,
  };
  const strongest = changed
    .sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a))
    .slice(0, movers);
  if (!rng) return { ...compared, movers: strongest };
  const { p: randomizationP } = randomizationTest(second, first, { rng });
  return { ...compared, randomizationP, movers: strongest };
}

/** The queries of both, in the first report's order. */
function pairsOf(a: TaskReport, b: TaskReport, metric: string): Mover[] {
  const [valuesA, valuesB] = [a, b].map((report) => {
    const values = report.perQuery[metric];
    if (values) return values;
    throw new RangeError(
      `Cannot compare task ${report.task}: it must have values of ${metric} by query: got none`,
    );
  }) as [number[], number[]];
  const rows = new Map(b.queryIds.map((id, row) => [id, row]));
  return a.queryIds.flatMap((query, row) => {
    const other = rows.get(query);
    return other === undefined
      ? []
      : [{ query, a: valuesA[row]!, b: valuesB[other]! }];
  });
}

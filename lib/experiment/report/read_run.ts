import { join } from "node:path";
import { withNamesOfToday } from "../../base/earlier_names.ts";
import { isFile } from "../../base/files/exists.ts";
import { type EvalReport, readReport, readReports } from "../../eval/mod.ts";
import { type ArmName, ARMS, BASELINES } from "../arms.ts";
import { type DevLine, readDev } from "../dev/dev_log.ts";
import { type MetricsLine, MetricsLog } from "../stages/metrics_log.ts";
import { jsonValue } from "../../base/json_value.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { refuseDamagedRun } from "../run_folder.ts";
import { type ExperimentSummary, METRIC } from "../summary.ts";
import { partProblem, type Parts } from "./record_schemas.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** What a finished run left. */
export interface FinishedRun {
  /** The verdict, from `summary.json`. */
  summary: ExperimentSummary;
  /** The log, from `metrics.jsonl`. */
  metrics: MetricsLine[];
  /** Evaluations while training, from `dev.jsonl`; empty if there were none. */
  dev: DevLine[];
  /** What each query scored, from `eval.json`; absent if that is gone. */
  reports?: Record<ArmName, EvalReport>;
}

/**
 * Reads what a finished run left: its verdict, its log, its scores.
 *
 * @param folder Folder of the run.
 * @throws {Deno.errors.NotFound} If it holds no finished run.
 * @throws {SyntaxError} If `summary.json`, `eval.json` or the log is damaged.
 *
 * @example Usage
 * ```ts
 * import { readRun } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readRun("no/such/run"), /Cannot read the run/);
 * ```
 */
export async function readRun(folder: string): Promise<FinishedRun> {
  const summary = await readPart(folder, "summary.json");
  if (summary === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${folder}: it has no summary.json; name the folder of a finished run`,
    );
  }
  const metrics = await new MetricsLog(folder).lines();
  const tasks = summary.tasks.length;
  const wrong = metrics.find(({ weights }) =>
    weights && weights.length > tasks
  );
  if (wrong) {
    throw new SyntaxError(
      `${
        join(folder, "metrics.jsonl")
      }: Cannot read the run: step ${wrong.step} of ${wrong.stage} has more weights than the ${tasks} tasks of summary.json; run it again`,
    );
  }
  await refuseDamagedRun(folder, [
    "summary.json",
    "eval.json",
    "metrics.jsonl",
    "dev.jsonl",
  ]);
  const dev = await readDev(folder);
  const reports = await readScores(folder, summary);
  return selfShowing({ summary, metrics, dev, reports });
}

/** The scores of the arms, each with the tasks of the summary; none if they're gone. */
async function readScores(
  folder: string,
  { tasks }: ExperimentSummary,
): Promise<Record<ArmName, EvalReport> | undefined> {
  const path = join(folder, "eval.json");
  if (!await isFile(path)) return;
  const reports = await readReports(path, [...ARMS, ...BASELINES]);
  for (const arm of ARMS) {
    // Where it isn't there, the error names those that are.
    const report = reports[arm] ?? await readReport(`${path}#${arm}`);
    const before = reports.uniform ?? report;
    const fits = report.tasks.length === tasks.length &&
      report.tasks.every((task, k) =>
        task.perQuery[METRIC] !== undefined &&
        task.queryIds.length === before.tasks[k]?.queryIds.length
      );
    if (!fits) {
      throw new SyntaxError(
        `${path}: Cannot read the run: ${arm} must have the ${METRIC} of the queries of ${tasks.length} tasks, the same as uniform; run it again`,
      );
    }
  }
  return reports as Record<ArmName, EvalReport>;
}

/**
 * A JSON file of a run or an arena.
 *
 * @returns Its content; undefined if it isn't there.
 * @throws {SyntaxError} If it is not JSON, or lacks what a report looks into.
 */
export async function readPart<Name extends keyof Parts>(
  folder: string,
  name: Name,
): Promise<Parts[Name] | undefined> {
  const path = join(folder, name);
  const what = name === "arena.json" || name === "settings.json"
    ? "arena"
    : "run";
  const fail = (why: string) => {
    throw new SyntaxError(
      `${path}:1: Cannot read the ${what}: ${why}; run it again`,
    );
  };
  let text: string | undefined;
  try {
    text = await readTextIfThere(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
  if (text === undefined) return;
  let value: unknown;
  try {
    value = jsonValue(text);
  } catch (error) {
    fail(`it is not JSON: ${(error as Error).message}`);
  }
  if (name === "summary.json") value = withNamesOfToday(value);
  const problem = partProblem(name, value);
  if (problem) fail(problem);
  return value as Parts[Name];
}

import { join } from "node:path";
import type { EvalReport } from "../../eval/mod.ts";
import type { ArmName } from "../arms.ts";
import { type MetricsLine, MetricsLog } from "../stages/metrics_log.ts";
import { readJsonIfThere } from "../../base/json_file.ts";
import { refuseDamagedRun } from "../run_folder.ts";
import type { ExperimentSummary } from "../summary.ts";

/** What a finished run left. */
export interface FinishedRun {
  /** The verdict, from `summary.json`. */
  summary: ExperimentSummary;
  /** The log, from `metrics.jsonl`. */
  metrics: MetricsLine[];
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
  const summary = await readPart<ExperimentSummary>(folder, "summary.json");
  if (summary === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${folder}: it has no summary.json; name the folder of a finished run`,
    );
  }
  if (!Array.isArray(summary?.tasks) || !summary.mean || !summary.compared) {
    throw new SyntaxError(
      `${
        join(folder, "summary.json")
      }:1: Cannot read the run: the summary is not one of a run; run it again`,
    );
  }
  await refuseDamagedRun(folder, [
    "summary.json",
    "eval.json",
    "metrics.jsonl",
  ]);
  const reports = await readPart<Record<ArmName, EvalReport>>(
    folder,
    "eval.json",
  );
  return {
    summary,
    metrics: await new MetricsLog(folder).lines(),
    reports,
  };
}

/**
 * A JSON file of a run or an arena.
 *
 * @returns Its content; undefined if it isn't there.
 * @throws {SyntaxError} If it is not JSON.
 */
export async function readPart<T>(
  folder: string,
  name: string,
): Promise<T | undefined> {
  const path = join(folder, name);
  try {
    return await readJsonIfThere<T>(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return;
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(
      `${path}:1: Cannot read the run: ${
        name === "summary.json" ? "the summary" : name
      } is not JSON; run it again`,
    );
  }
}

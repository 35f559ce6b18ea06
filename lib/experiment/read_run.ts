import { join } from "node:path";
import { type MetricsLine, MetricsLog } from "./_metrics_log.ts";
import type { ExperimentSummary } from "./summary.ts";

/**
 * Reads what a finished run left: its verdict and its log.
 *
 * @param folder Folder of the run.
 * @throws {Deno.errors.NotFound} If it holds no finished run.
 * @throws {SyntaxError} If `summary.json` is damaged.
 *
 * @example Usage
 * ```ts
 * import { readRun } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readRun("no/such/run"), /Cannot read the run/);
 * ```
 */
export async function readRun(
  folder: string,
): Promise<{ summary: ExperimentSummary; metrics: MetricsLine[] }> {
  const path = join(folder, "summary.json");
  const text = await Deno.readTextFile(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read the run in ${folder}: it has no summary.json; name the folder of a finished run`,
    );
  });
  let summary: ExperimentSummary;
  try {
    summary = JSON.parse(text);
  } catch {
    throw new SyntaxError(
      `${path}:1: Cannot read the run: the summary is not JSON; run it again`,
    );
  }
  return { summary, metrics: await new MetricsLog(folder).lines() };
}

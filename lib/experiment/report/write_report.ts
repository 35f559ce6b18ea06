import { basename, join } from "node:path";
import { writeJson } from "../../base/files/json_file.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { type Suite, suiteRows } from "../../data/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { htmlReport } from "../../report/mod.ts";
import type { MineStatistics } from "../../search/mod.ts";
import type { ArmName } from "../arms.ts";
import { arenaContent } from "../arena/content.ts";
import type { ArenaIdentity } from "../arena/folder.ts";
import type { ArenaResult } from "../arena/result.ts";
import type { DevLine } from "../dev/dev_log.ts";
import type { MetricsLine } from "../stages/metrics_log.ts";
import { asJson, type RunRecord } from "../run_folder.ts";
import { runContent } from "./run_content.ts";
import type { ExperimentSummary } from "../summary.ts";

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
  /** Evaluations while training. */
  dev: readonly DevLine[];
  /** What mining did, by task name. */
  statistics: Record<string, MineStatistics>;
}

/**
 * Writes a run's `report.html`, and `tasks.json`, which `tdro report` needs to
 * write the same one again.
 */
export async function writeReport(
  { record, suite, ...rest }: ReportInput,
): Promise<void> {
  const folder = record.options.out;
  const tasks = suiteRows(suite);
  await writeJson(join(folder, "tasks.json"), tasks, 1);
  const html = await htmlReport(runContent({
    ...rest,
    name: basename(folder),
    record: { ...record, status: "finished" },
    tasks: tasks.map((row) => ({ ...row })),
  }));
  await writeWhole(join(folder, "report.html"), html);
}

/** Writes an arena's `report.html`. */
export async function writeArenaReport(
  folder: string,
  result: ArenaResult,
  identity: ArenaIdentity,
): Promise<void> {
  const html = await htmlReport(
    // As it comes back from the files.
    arenaContent(asJson({ name: basename(folder), result, identity })),
  );
  await writeWhole(join(folder, "report.html"), html);
}

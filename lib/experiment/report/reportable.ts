import { basename } from "node:path";
import type { EvalReport } from "../../eval/mod.ts";
import type { ArmName } from "../arms.ts";
import type { ArenaIdentity } from "../arena/folder.ts";
import type { ArenaResult } from "../arena/result.ts";
import type { MetricsLine } from "../stages/metrics_log.ts";
import type { RunRecord } from "../run_folder.ts";
import { readPart, readRun } from "./read_run.ts";
import type { ExperimentSummary } from "../summary.ts";

/** A finished run, as a report needs it. */
export interface RunData {
  /** What it is. */
  kind: "run";
  /** Short name: the last part of its folder's. */
  name: string;
  /** Settings, versions, hashes; absent if `run.json` is gone. */
  record?: RunRecord;
  /** The verdict. */
  summary: ExperimentSummary;
  /** The log. */
  metrics: readonly MetricsLine[];
  /** What each query scored. */
  reports?: Record<ArmName, EvalReport>;
  /** What mining did, by task. */
  statistics?: Record<string, object>;
  /** A row a task. */
  tasks?: Record<string, unknown>[];
}

/** A finished arena, as a report needs it. */
export interface ArenaData {
  /** What it is. */
  kind: "arena";
  /** Short name: the last part of its folder's. */
  name: string;
  /** The result. */
  result: ArenaResult;
  /** Settings and hashes; absent if `settings.json` is gone. */
  identity?: ArenaIdentity;
}

/** What a report can be about. */
export type Reportable = RunData | ArenaData;

/**
 * Reads a finished run or arena.
 *
 * @throws {Deno.errors.NotFound} If the folder holds neither.
 * @throws {SyntaxError} If a file is damaged.
 */
export async function readReportable(folder: string): Promise<Reportable> {
  const name = basename(folder.replace(/[\\/]+$/, "")) || folder;
  const result = await readPart(folder, "arena.json");
  if (result !== undefined) {
    const identity = await readPart(folder, "settings.json");
    return { kind: "arena", name, result, identity };
  }
  const run = await readRun(folder).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot report on ${folder}: it has no summary.json and no arena.json; name folders of finished runs or arenas`,
    );
  });
  return {
    kind: "run",
    name,
    ...run,
    ...given("record", await readPart(folder, "run.json")),
    ...given("statistics", await readPart(folder, "negatives.json")),
    ...given("tasks", await readPart(folder, "tasks.json")),
  };
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as {
    [key in Name]?: Value;
  };
}

import { basename, join } from "node:path";
import { unseal } from "../../base/files/sealed_json.ts";
import type { EvalReport } from "../../eval/mod.ts";
import type { ArmName } from "../arms.ts";
import type { ArenaIdentity } from "../arena/folder.ts";
import { ARENA_RESULT, type ArenaResult } from "../arena/result.ts";
import type { DevLine } from "../dev/dev_log.ts";
import { isFile } from "../../base/files/exists.ts";
import type { TowerRow } from "../distil/tower_rows.ts";
import { readTowers } from "../distil/towers_file.ts";
import { type MetricsLine, MetricsLog } from "../stages/metrics_log.ts";
import { refuseDamagedRun, type RunRecord } from "../run_folder.ts";
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
  /** Evaluations while training. */
  dev: readonly DevLine[];
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

/** A finished distillation, as a report needs it. */
export interface TowersData {
  /** What it is. */
  kind: "towers";
  /** Short name: the last part of its folder's. */
  name: string;
  /** Settings, versions, hashes; absent if `run.json` is gone. */
  record?: RunRecord;
  /** The teacher and its towers. */
  towers: readonly TowerRow[];
  /** The log. */
  metrics: readonly MetricsLine[];
}

/** What can stand side by side with others. */
export type Reportable = RunData | ArenaData;

/**
 * Reads a finished run, arena or distillation.
 *
 * @throws {Deno.errors.NotFound} If the folder holds none.
 * @throws {SyntaxError} If a file is damaged.
 */
export async function readReportable(
  folder: string,
): Promise<Reportable | TowersData> {
  const name = basename(folder.replace(/[\\/]+$/, "")) || folder;
  const result = await readPart(folder, ARENA_RESULT);
  if (result !== undefined) {
    const whole = unseal(result);
    if (whole === undefined) {
      throw new SyntaxError(
        `${
          join(folder, ARENA_RESULT)
        }:1: Cannot read the arena: the file is damaged (its SHA-256 is not the one noted); run the arena again`,
      );
    }
    const identity = await readPart(folder, "settings.json");
    return { kind: "arena", name, result: whole, identity };
  }
  if (await isFile(join(folder, "towers.json"))) {
    await refuseDamagedRun(folder, ["towers.json", "metrics.jsonl"]);
    const record = await readPart(folder, "run.json");
    delete record?.files;
    return {
      kind: "towers",
      name,
      towers: await readTowers(folder),
      metrics: await new MetricsLog(folder).lines(),
      ...given("record", record),
    };
  }
  const run = await readRun(folder).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot report on ${folder}: it has no summary.json, arena.json or towers.json; name folders of finished runs, arenas or distillations`,
    );
  });
  const record = await readPart(folder, "run.json");
  // The hashes are of the files in the folder, the page among them.
  delete record?.files;
  return {
    kind: "run",
    name,
    ...run,
    ...given("record", record),
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

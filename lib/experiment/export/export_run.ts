import { join } from "node:path";
import { isFolder } from "../../base/files/exists.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { writeMlflow } from "./mlflow.ts";
import { eventFile } from "./tensorboard.ts";
import { readTracked, type Tracked } from "./tracked_run.ts";
import { writeWandb } from "./wandb.ts";

/** A tracker whose files can be written. */
export type Tracker = "tensorboard" | "mlflow" | "wandb";

/** Where each tracker's files go by default. */
export const TRACKER_FOLDERS: Readonly<Record<Tracker, string>> = {
  tensorboard: "tensorboard",
  mlflow: "mlruns",
  wandb: "wandb-files",
};

/** Options for {@linkcode exportRun}. */
export interface ExportRunOptions {
  /** The tracker. */
  to: Tracker;
  /** Folder; made if absent. @default {"tensorboard", "mlruns" or "wandb-files"} */
  out?: string | undefined;
}

/**
 * Writes what a run, a training run or an arena logged and scored for another
 * tracker: TensorBoard's event files, MLflow's file store, or, as W&B's format is
 * private, JSON lines with the script that gives them to W&B's client. Each stage
 * or arm is a run there. An unfinished one can be exported too; a later export
 * replaces what an earlier one wrote.
 *
 * @param folder Folder of the run.
 * @param options The tracker, and where the files go.
 * @returns What was written: files, for MLflow folders.
 * @throws {Deno.errors.NotFound} If the folder holds no run.
 * @throws {RangeError} If another run's events are where these should go.
 *
 * @example Usage
 * ```ts
 * import { exportRun } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const run = exportRun("no/such/run", { to: "tensorboard" });
 * await assert.rejects(run, /Cannot export no\/such\/run/);
 * ```
 */
export async function exportRun(
  folder: string,
  { to, out = TRACKER_FOLDERS[to] }: ExportRunOptions,
): Promise<string[]> {
  const tracked = await readTracked(folder);
  if (to === "mlflow") return await writeMlflow(out, tracked);
  if (to === "wandb") return await writeWandb(out, tracked);
  return await writeTensorboard(out, tracked);
}

async function writeTensorboard(
  out: string,
  { name, runs }: Tracked,
): Promise<string[]> {
  const files = runs.map((run) => {
    const second = Math.floor(run.scalars[0]?.time ?? 0);
    const file = `events.out.tfevents.${second}.tdro.${run.id.slice(0, 8)}`;
    return { run, folder: join(out, name, run.name), file };
  });
  for (const { folder, file } of files) await refuseOthers(folder, file);
  for (const { run, folder, file } of files) {
    await writeWhole(join(folder, file), eventFile(run.scalars));
  }
  return files.map(({ folder, file }) => join(folder, file));
}

/** TensorBoard takes all event files of a folder for one run's. */
async function refuseOthers(folder: string, file: string): Promise<void> {
  if (!await isFolder(folder)) return;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.includes("tfevents") || name === file) continue;
    if (name.startsWith(".")) continue;
    throw new RangeError(
      `Cannot write to ${folder}: it holds the events of another run ` +
        `(${name}); choose another folder with --out`,
    );
  }
}

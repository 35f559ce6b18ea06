import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { exists } from "../../base/files/exists.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { Tracked, TrackedRun } from "./tracked_run.ts";

/** MLflow's numbers for the state of a run. */
const STATUS = { running: 1, finished: 3 };

/** MLflow's number for a source that isn't its own project. */
const LOCAL = 4;

/**
 * Writes MLflow's file store: a folder for the experiment, which is the suite's, in
 * it one for each stage or arm. One that is there from an earlier export is
 * replaced, as a whole.
 *
 * @param out Folder of the store, usually `mlruns`.
 * @param tracked What to write.
 * @returns The folders of the runs.
 */
export async function writeMlflow(
  out: string,
  tracked: Tracked,
): Promise<string[]> {
  const experiment = `tdro ${tracked.suite}`;
  const folder = join(out, experimentId(experiment));
  const folders: string[] = [];
  for (const run of tracked.runs) {
    const at = join(folder, run.id);
    await writeFolder(at, {
      overwrite: true,
      what: `the run ${at}`,
      marks: ["meta.yaml"],
      fill: (partial) => writeRun(partial, { at, tracked, run }),
    });
    folders.push(at);
  }
  if (!await exists(join(folder, "meta.yaml"))) {
    const now = Date.now();
    await writeYaml(join(folder, "meta.yaml"), {
      artifact_location: locationOf(folder),
      creation_time: now,
      experiment_id: experimentId(experiment),
      last_update_time: now,
      lifecycle_stage: "active",
      name: experiment,
    });
  }
  return folders;
}

/** The same 18 digits for a name at every export; MLflow's own are as long. */
function experimentId(name: string): string {
  const hash = createHash("sha256").update(name).digest();
  return `${10n ** 17n + hash.readBigUInt64BE(0) % (9n * 10n ** 17n)}`;
}

async function writeRun(
  partial: string,
  { at, tracked, run }: { at: string; tracked: Tracked; run: TrackedRun },
): Promise<void> {
  const { name, id, scalars } = run;
  const ms = (seconds = 0) => Math.round(seconds * 1000);
  const title = `${tracked.name}/${name}`;
  await Deno.mkdir(join(partial, "artifacts"));
  for (const kind of ["metrics", "params", "tags"]) {
    await Deno.mkdir(join(partial, kind));
  }
  const nameOf = fileNames();
  for (const [metric, values] of Map.groupBy(scalars, (s) => s.name)) {
    const lines = values.map(({ time, value, step }) =>
      `${ms(time)} ${value} ${step}\n`
    );
    await writeWhole(join(partial, "metrics", nameOf(metric)), lines.join(""));
  }
  for (const [setting, value] of Object.entries(tracked.settings)) {
    await writeWhole(join(partial, "params", nameOf(setting)), value);
  }
  const tags = { ...tracked.tags, "mlflow.runName": title };
  for (const [tag, value] of Object.entries(tags)) {
    await writeWhole(join(partial, "tags", nameOf(tag)), value);
  }
  await writeYaml(join(partial, "meta.yaml"), {
    artifact_uri: locationOf(join(at, "artifacts")),
    end_time: tracked.finished ? ms(scalars.at(-1)?.time) : null,
    entry_point_name: "",
    experiment_id: experimentId(`tdro ${tracked.suite}`),
    lifecycle_stage: "active",
    run_id: id,
    run_name: title,
    run_uuid: id,
    source_name: "tdro",
    source_type: LOCAL,
    source_version: "",
    start_time: ms(scalars[0]?.time),
    status: tracked.finished ? STATUS.finished : STATUS.running,
    tags: [],
    user_id: "",
  });
}

/**
 * Gives names that MLflow takes, each its own: `@` becomes `_at_`, other characters
 * that it refuses `_`.
 */
function fileNames(): (name: string) => string {
  const given = new Map<string, string>();
  return (name) => {
    const plain = name.replaceAll("@", "_at_")
      .replaceAll(/[^\p{L}\p{N}_.\- /]/gu, "_");
    let free = plain;
    for (let n = 2; (given.get(free) ?? name) !== name; n++) {
      free = `${plain}-${n}`;
    }
    given.set(free, name);
    return free;
  };
}

function locationOf(folder: string): string {
  return pathToFileURL(resolve(folder)).href;
}

/** Quoted texts and numbers of JSON are YAML too. */
async function writeYaml(
  path: string,
  fields: Record<string, unknown>,
): Promise<void> {
  const lines = Object.entries(fields).map(([name, value]) =>
    `${name}: ${JSON.stringify(value)}\n`
  );
  await writeWhole(path, lines.join(""));
}

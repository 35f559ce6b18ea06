import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { type EvalReport, readReports } from "../../eval/mod.ts";
import { type ArenaIdentity, seedFolder, seedsIn } from "../arena/folder.ts";
import { ARENA_RESULT } from "../arena/result.ts";
import { slugOf } from "../arena/slug.ts";
import { type DevLine, readDev } from "../dev/dev_log.ts";
import { METRIC } from "../summary.ts";
import { readPart } from "../report/read_run.ts";
import type { RunRecord } from "../run_folder.ts";
import { type MetricsLine, MetricsLog } from "../stages/metrics_log.ts";

/** One value at one time. */
export interface Scalar {
  /** What it is of, in one or two parts: `train/loss`, `weight/<task>`. */
  name: string;
  /** Update, from 0; what is measured at the end has the number of updates. */
  step: number;
  /** The value, finite. */
  value: number;
  /** Seconds since 1970. */
  time: number;
}

/** One stage or arm, a run of its own for trackers. */
export interface TrackedRun {
  /** Name of the stage; in an arena with the seed before it. */
  name: string;
  /** 32 hexadecimal digits, the same at every export. */
  id: string;
  /** All values, in the order of time. */
  scalars: Scalar[];
}

/** A run, a training run or an arena, as trackers see it. */
export interface Tracked {
  /** The last part of its folder's name. */
  name: string;
  /** Name of its suite. */
  suite: string;
  /** Whether it came to its end. */
  finished: boolean;
  /** Settings by name, as text. */
  settings: Record<string, string>;
  /** Suite, backend and versions. */
  tags: Record<string, string>;
  /** Its stages or arms. */
  runs: TrackedRun[];
}

/**
 * Reads what trackers want to know of a run, a training run or an arena, finished
 * or not.
 *
 * @throws {Deno.errors.NotFound} If the folder holds none.
 */
export async function readTracked(folder: string): Promise<Tracked> {
  const record = await readPart(folder, "run.json");
  const tracked = record
    ? await trackedRun(folder, record)
    : await trackedArena(folder);
  if (tracked) return tracked;
  throw new Deno.errors.NotFound(
    `Cannot export ${folder}: it has no run.json and no settings.json; name the folder of a run or an arena`,
  );
}

async function trackedRun(
  folder: string,
  { options, suite, backend, versions, status, started }: RunRecord,
): Promise<Tracked> {
  const reports = await readReports(join(folder, "eval.json"));
  return {
    ...common(folder, { settings: { ...options }, suite, backend }),
    finished: status === "finished",
    tags: tagsOf({ suite, backend, versions }),
    runs: await stagesOf(folder, {
      key: JSON.stringify([options, suite, backend, started]),
      names: suite.tasks,
      reports,
      start: Date.parse(started) / 1000,
    }),
  };
}

async function trackedArena(folder: string): Promise<Tracked | undefined> {
  const identity = await readPart(folder, "settings.json");
  if (!identity) return;
  const result = await readPart(folder, ARENA_RESULT);
  const { suite, backend, settings } = identity;
  const runs: TrackedRun[] = [];
  for (const seed of await seedsIn(folder)) {
    const arms = (result?.arms ?? []).filter((arm) => arm.seed === seed);
    const name = seedFolder(seed);
    const stages = await stagesOf(join(folder, name), {
      key: JSON.stringify([identity, resolve(folder), seed]),
      names: suite.tasks,
      reports: Object.fromEntries(
        arms.map(({ strategy, report }) => [slugOf(strategy), report]),
      ),
    });
    runs.push(
      ...stages.map((run) => ({ ...run, name: `${name}/${run.name}` })),
    );
  }
  return {
    ...common(folder, { settings, suite, backend }),
    finished: result !== undefined,
    tags: tagsOf({ suite, backend, versions: result?.versions ?? {} }),
    runs,
  };
}

function common(
  folder: string,
  { settings, suite }: ArenaIdentity,
): Pick<Tracked, "name" | "suite" | "settings"> {
  return {
    name: basename(resolve(folder)),
    suite: suite.name,
    settings: Object.fromEntries(flat(settings)),
  };
}

/** Nested settings as pairs of a name with dots and a text. */
function flat(value: unknown, name = ""): [string, string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    flat(inner, name === "" ? key : `${name}.${key}`)
  );
}

function tagsOf(
  { suite, backend, versions }: Pick<
    RunRecord,
    "suite" | "backend" | "versions"
  >,
): Record<string, string> {
  return {
    suite: suite.name,
    suiteSha256: suite.sha256,
    backend: `${backend.name} on ${backend.device}`,
    ...Object.fromEntries(
      Object.entries(versions).map(([name, text]) => [`version.${name}`, text]),
    ),
  };
}

interface StagesInput {
  /** What makes it this run and no other. */
  key: string;
  /** Names of the tasks. */
  names: readonly string[];
  /** What arms scored, by the name of their stage. */
  reports: Record<string, EvalReport>;
  /** Start in seconds since 1970; absent: the log's last change counts as the end. */
  start?: number;
}

/** The stages in the log of a folder, and arms that were evaluated alone. */
async function stagesOf(
  folder: string,
  { key, names, reports, start }: StagesInput,
): Promise<TrackedRun[]> {
  const lines = await new MetricsLog(folder).lines();
  const seconds = lines.reduce((sum, line) => sum + line.seconds, 0);
  let time = start ?? await lastChange(folder) - seconds;
  const started = time;
  const scalars = new Map<string, Scalar[]>();
  const steps = new Map<string, number>();
  for (const line of lines) {
    const { stage, step } = line;
    time += line.seconds;
    scalars.set(stage, scalars.get(stage) ?? []);
    scalars.get(stage)!.push(
      ...valuesOf(line, names).map(([name, value]) => //
      ({ name, step, value, time })),
    );
    steps.set(stage, step + 1);
  }
  for (const line of await readDev(folder)) {
    const all = scalars.get(line.stage) ?? [];
    const { step } = line;
    // It came after the update before.
    const time = all.findLast((made) => made.step < step)?.time ?? started;
    const made = devValues(line).map(([name, value]) => //
    ({ name, step, value, time }));
    scalars.set(line.stage, [...all, ...made].sort((a, b) => a.time - b.time));
  }
  for (const [stage, report] of Object.entries(reports)) {
    const step = steps.get(stage) ?? 0;
    scalars.set(stage, [
      ...scalars.get(stage) ?? [],
      ...scoresOf(report).map(([name, value]) => ({ name, step, value, time })),
    ]);
  }
  return [...scalars].map(([name, all]) => ({
    name,
    id: createHash("sha256").update(`${key}\n${name}`).digest("hex")
      .slice(0, 32),
    scalars: all.filter(({ value }) => Number.isFinite(value)),
  }));
}

async function lastChange(folder: string): Promise<number> {
  const { mtime } = await Deno.stat(folder);
  return (mtime?.getTime() ?? 0) / 1000;
}

/** The values of an update. A name that has another one within it is no file's. */
function valuesOf(
  line: MetricsLine,
  names: readonly string[],
): [string, number][] {
  const byTask = (what: string, values: Record<string, number> = {}) =>
    Object.entries(values).map(([task, value]) =>
      [`${what}/${task}`, value] as [string, number]
    );
  return [
    ["train/loss", line.loss],
    ["train/gradNorm", line.gradNorm],
    ["train/learningRate", line.learningRate],
    ["train/tokens", line.tokens],
    ["train/seconds", line.seconds],
    ...byTask("loss", line.lossByTask),
    ...byTask("referenceLoss", line.referenceLossByTask),
    ...(line.weights ?? []).map((weight, k) =>
      [`weight/${names[k]}`, weight] as [string, number]
    ),
  ];
}

/** The values of an evaluation while training. */
function devValues({ mean, ndcgByTask }: DevLine): [string, number][] {
  return [
    [`dev/${METRIC}`, mean],
    ...Object.entries(ndcgByTask).map(([task, value]) =>
      [`dev-${METRIC}/${task}`, value] as [string, number]
    ),
  ];
}

function scoresOf({ tasks, mean, settings }: EvalReport): [string, number][] {
  const split = settings?.split ?? "test";
  return [
    ...Object.entries(mean).map(([metric, value]) =>
      [`${split}/${metric}`, value] as [string, number]
    ),
    ...tasks.flatMap(({ task, mean }) =>
      Object.entries(mean).map(([metric, value]) =>
        [`${metric}/${task}`, value] as [string, number]
      )
    ),
  ];
}

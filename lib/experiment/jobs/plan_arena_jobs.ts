import { checkFolder } from "../../base/files/check_folder.ts";
import { hasFiles } from "../../base/files/has_files.ts";
import { lockFolder } from "../../base/files/folder_lock.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import { type Strategy, strategy } from "../../dro/mod.ts";
import { hashModel } from "../../eval/mod.ts";
import { disposeEncoder } from "../../model/mod.ts";
import { arenaPlan } from "../arena/arena_plan.ts";
import { othersFirst } from "../arena/derived_choice.ts";
import type { CompareMixturesOptions } from "../arena/options.ts";
import { prepareArena, type PreparedArena } from "../arena/prepare.ts";
import { seedSettings } from "../arena/seed.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import type { RunPlan } from "../plan/run_plan.ts";
import { asJson, firstDifference, taskHash } from "../run_folder.ts";
import { baseEncoder } from "../stages/base_encoder.ts";
import { checkModel } from "../stages/check_model.ts";
import { versions } from "../versions.ts";
import {
  type Job,
  type JobPlan,
  type JobPlanRecord,
  readJobPlanIfThere,
  sealJob,
  writeJobPlan,
} from "./job_plan.ts";

/** Options of {@linkcode planArenaJobs}; `out` is the plan's folder. */
export interface PlanArenaJobsOptions
  extends Omit<CompareMixturesOptions, "force"> {
  /** Where the suite is, for workers that aren't told. */
  suiteFolder?: string | undefined;
}

/** What {@linkcode planArenaJobs} made. */
export interface PlannedJobs {
  /** The plan. */
  plan: JobPlan;
  /** How many of its jobs are new. */
  added: number;
  /** What all jobs together take. */
  estimate: RunPlan;
}

/**
 * Divides an arena into jobs, one for each arm and seed, that any number of workers
 * can do, on any number of machines that share the plan's folder: {@linkcode work}
 * does them, {@linkcode collectArena} makes of them what `compareMixtures()` would
 * have made.
 *
 * The same plan again, with more strategies or seeds, gets more jobs; those that are
 * there stay as they are.
 *
 * @param whole The tasks.
 * @param strategies Names of strategies; uniform is always among them.
 * @param options Settings of the arena. The backend must be the workers'.
 * @returns Progress; at the end the plan, as it is in the folder.
 * @throws {RangeError} If a setting is out of bounds, or the folder holds something
 * else.
 *
 * @example Usage
 * ```ts ignore
 * import { collectArena, planArenaJobs, work } from "@tdro/tdro/experiment";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { openSuite } from "@tdro/tdro/data";
 *
 * const suite = await openSuite("my/suite");
 * const backend = await useBackend();
 * for await (const _ of planArenaJobs(suite, ["tdro"], { backend, out: "plan" }));
 * // In as many processes as there are:
 * for await (const _ of work("plan", { suite, backend }));
 * // When all are done:
 * const result = await collectArena("plan", { out: "runs/arena" });
 * ```
 */
export async function* planArenaJobs(
  whole: Suite,
  strategies: readonly string[],
  { suiteFolder, ...options }: PlanArenaJobsOptions,
): AsyncGenerator<ProgressEvent, PlannedJobs> {
  const arena = await prepareArena(whole, strategies, options);
  const { settings, identity, seeds, entries } = arena;
  const before = await openPlanFolder(settings.out, arena);
  await checkModel(settings);
  yield* arena.events;
  const own = seedSettings(settings, identity, {
    seed: seeds[0]!,
    out: settings.out,
  });
  const base = await baseEncoder(own, arena.suite, { keep: false });
  let estimate: RunPlan;
  try {
    const state = before ? "unfinished" : "new";
    estimate = yield* arenaPlan(arena, { base, own, state, planOnly: !before });
  } finally {
    disposeEncoder(base);
  }
  const record = {
    kind: "arena",
    versions: versions(),
    suite: {
      folder: suiteFolder ?? before?.suite.folder,
      tasks: await Promise.all(whole.tasks.map(async (task) => ({
        name: task.name,
        sha256: await taskHash(task),
      }))),
    },
    models: await modelHashes(settings),
    identity: before?.identity ?? { ...identity, lengths: estimate.lengths },
    strategies: merged(before?.strategies, entries.map(({ name }) => name)),
    seeds: merged(before?.seeds, seeds),
  } satisfies Omit<JobPlanRecord, "format" | "jobs">;
  const known = before?.lines ?? [];
  const lines = [...known, ...newJobs(known, record, arena)];
  await using _ = await lockFolder(settings.out);
  await refuseChanged(settings.out, before);
  const plan = await writeJobPlan(settings.out, { ...record, lines });
  return { plan, added: lines.length - known.length, estimate };
}

/** The SHA-256 of each model in the settings. */
export async function modelHashes(
  { model, mineModel }: Pick<ExperimentOptions, "model" | "mineModel">,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [name, folder] of Object.entries({ model, mineModel })) {
    if (folder === undefined) continue;
    hashes[name] = (await hashModel(folder)).sha256!;
  }
  return hashes;
}

/** The plan in the folder, which must be of the same arena. */
async function openPlanFolder(
  folder: string,
  { identity }: PreparedArena,
): Promise<JobPlan | undefined> {
  const before = await readJobPlanIfThere(folder);
  if (!before) {
    if (!await hasFiles(folder)) return void await checkFolder(folder);
    throw new RangeError(
      `Cannot write to ${folder}: it contains files that don't belong to a plan; choose another folder with --out`,
    );
  }
  const { lengths: _, ...own } = before.identity;
  const other = firstDifference(asJson(identity), own);
  if (other === undefined) return before;
  throw new RangeError(
    `Cannot write to ${folder}: it holds a plan with other settings (${other}); choose another folder with --out`,
  );
}

/** Refuses a plan that another process has made or extended since it was read. */
async function refuseChanged(
  folder: string,
  before: JobPlan | undefined,
): Promise<void> {
  const now = await readJobPlanIfThere(folder);
  if (now?.jobs.sha256 === before?.jobs.sha256) return;
  throw new RangeError(
    `Cannot write to ${folder}: another process has written to it since this one started; run the command again`,
  );
}

/** What is there, then what is new. */
function merged<T>(before: readonly T[] = [], now: readonly T[]): T[] {
  return [...new Set([...before, ...now])];
}

/** Jobs that the plan hasn't, seed by seed; the uniform arm of a seed is first. */
function newJobs(
  known: readonly Job[],
  record: Pick<
    JobPlanRecord,
    "versions" | "models" | "identity" | "strategies" | "seeds"
  >,
  { entries, settings }: PreparedArena,
): Job[] {
  const jobs: Job[] = [...known];
  const add = (job: Omit<Job, "index" | "sha256">) => {
    const there = jobs.some((other) =>
      other.job === job.job && other.seed === job.seed &&
      other.strategy === job.strategy
    );
    if (!there) jobs.push(sealJob({ index: jobs.length, ...job }, record));
  };
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  for (const seed of record.seeds) {
    const all = record.strategies.map((name) =>
      byName.get(name) ?? strategy(name)
    );
    for (const entry of othersFirst(all)) {
      add({
        job: "arm",
        strategy: entry.name,
        formula: entry.formula,
        seed,
        needs: needsOf(entry, jobs, seed),
      });
    }
    // One model is the same start for all seeds.
    if (settings.model && seed !== record.seeds[0]) continue;
    add({ job: "untrained", seed, needs: [] });
  }
  return jobs.slice(known.length);
}

/**
 * The uniform arm and the nearest one that the weights follow from; a strategy that
 * costs nothing looks at sizes alone.
 */
function needsOf(
  strategy: Strategy,
  jobs: readonly Job[],
  seed: number,
): number[] {
  const { name, cost, from } = strategy;
  if (name === "uniform" || cost === "0") return [];
  const indexOf = (name: string) =>
    jobs.find((job) => job.seed === seed && job.strategy === name)?.index;
  const other = from && indexOf(from.of.name);
  if (other !== undefined) return [...jobs[other]!.needs, other];
  if (from) return needsOf(from.of, jobs, seed);
  const uniform = indexOf("uniform");
  return uniform === undefined ? [] : [uniform];
}

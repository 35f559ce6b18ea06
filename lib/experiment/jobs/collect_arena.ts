import { join } from "node:path";
import { lockFolder } from "../../base/files/folder_lock.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { type Strategy, strategy } from "../../dro/mod.ts";
import { selfShowing } from "../../report/notebook/mod.ts";
import { readArenaArm } from "../arena/arm.ts";
import { othersFirst } from "../arena/derived_choice.ts";
import { readBaselines, type SeedBaselines } from "../arena/baselines.ts";
import { finishArena } from "../arena/finish.ts";
import { openArenaFolder, seedFolder } from "../arena/folder.ts";
import type { ArenaArm, ArenaResult } from "../arena/result.ts";
import { type Job, type JobPlan, readJobPlan } from "./job_plan.ts";
import { JOB_RECORD, type JobRecord, readJobRecord } from "./job_record.ts";
import { jobTitle } from "./job_title.ts";
import { linkTree } from "./link_tree.ts";
import { doneFolder, isDone } from "./plan_folder.ts";

/** Options of {@linkcode collectArena}. */
export interface CollectArenaOptions {
  /** Folder of the arena. @default {`arena` in the plan's folder} */
  out?: string | undefined;
  /** Seeds to collect. @default {all of the plan} */
  seeds?: readonly number[] | undefined;
  /** Strategies to collect; uniform is always among them. @default {all of the plan} */
  strategies?: readonly string[] | undefined;
  /** Whether an arena with other settings in the folder is replaced. @default {false} */
  force?: boolean;
}

/** An arena made of jobs. */
export interface CollectedArena extends ArenaResult {
  /** Its folder. */
  folder: string;
  /** How many jobs each machine did, by its name. */
  hosts: Record<string, number>;
  /** In what the versions of those who did them differ, each a sentence. */
  differences: string[];
}

/** Logs: one of all arms of a seed. */
const LOGS = ["metrics.jsonl", "dev.jsonl"];

/**
 * Makes of a plan's finished jobs the arena that `compareMixtures()` would have made:
 * the same files with the same bytes, but for what tells how long something took. No
 * data and no model is read, so any machine will do. The plan keeps its files; those
 * that are large are linked.
 *
 * @param folder The plan's folder.
 * @param options Where the arena goes, and what is taken.
 * @returns The result, also in `arena.json`.
 * @throws {RangeError} If jobs aren't done, or the folder holds something else.
 */
export async function collectArena(
  folder: string,
  { out = join(folder, "arena"), force = false, ...only }: CollectArenaOptions =
    {},
): Promise<CollectedArena> {
  const plan = await readJobPlan(folder);
  const { strategies, seeds } = chosen(plan, only);
  const entries = strategies.map(strategy);
  const jobs = jobsOf(plan, { strategies: othersFirst(entries), seeds });
  await refuseUndone(plan, jobs);
  const records = new Map<Job, JobRecord>();
  for (const job of jobs) {
    records.set(job, await readJobRecord(doneFolder(folder, job), job));
  }
  const arms: ArenaArm[] = [];
  const untrained: SeedBaselines[] = [];
  for (const job of jobs) {
    const done = doneFolder(folder, job);
    if (job.strategy === undefined) {
      untrained.push(whole(await readBaselines(done), done));
    } else {
      const entry = entries[strategies.indexOf(job.strategy)]!;
      arms.push(whole(await readArenaArm(done, entry), done));
    }
  }
  const { identity } = plan;
  const { begin } = await openArenaFolder(out, { identity, force });
  await using _ = await lockFolder(out);
  await begin();
  for (const seed of seeds) {
    const own = jobs.filter((job) => job.seed === seed);
    await gatherSeed(own.map((job) => doneFolder(folder, job)), {
      target: join(out, seedFolder(seed)),
    });
  }
  const last = jobs.findLast(({ seed }) => seed === seeds.at(-1))!;
  const result = await finishArena(out, {
    identity,
    strategies: entries,
    seeds,
    sizes: records.get(last)!.sizes,
    arms: seeds.flatMap((seed) =>
      strategies.map((name) =>
        arms.find((arm) => arm.seed === seed && arm.strategy === name)!
      )
    ),
    untrained,
  });
  return selfShowing({
    ...result,
    folder: out,
    ...toldOf([...records.values()]),
  });
}

/** What is to be collected, in the plan's order. */
function chosen(
  { folder, ...plan }: JobPlan,
  { strategies, seeds }: Pick<CollectArenaOptions, "strategies" | "seeds">,
): { strategies: string[]; seeds: number[] } {
  const among = <T>(what: string, all: readonly T[], some?: readonly T[]) => {
    const other = some?.find((one) => !all.includes(one));
    if (other === undefined) {
      return all.filter((one) => !some || some.includes(one));
    }
    throw new RangeError(
      `Cannot collect the plan ${folder}: ${what} must be among ${
        all.join(", ")
      }: got ${other}`,
    );
  };
  return {
    strategies: among(
      "strategies",
      plan.strategies,
      strategies && ["uniform", ...strategies],
    ),
    seeds: among("seeds", plan.seeds, seeds),
  };
}

/** The jobs, in the order in which an arena does them. */
function jobsOf(
  { lines }: JobPlan,
  { strategies, seeds }: { strategies: Strategy[]; seeds: number[] },
): Job[] {
  const untrained = lines.filter(({ strategy }) => strategy === undefined);
  return seeds.flatMap((seed, i) => {
    const of = (job: Job) => job.seed === seed;
    // With one start for all seeds it is a job of the plan's first alone.
    const without = untrained.find(of) ?? (i === 0 ? untrained[0] : undefined);
    return [
      ...strategies.map(({ name }) =>
        lines.find((job) => of(job) && job.strategy === name)!
      ),
      ...without ? [without] : [],
    ];
  });
}

async function refuseUndone(
  { folder, lines }: JobPlan,
  jobs: readonly Job[],
): Promise<void> {
  const done = await Promise.all(jobs.map((job) => isDone(folder, job)));
  const left = jobs.filter((_, i) => !done[i]);
  if (left.length === 0) return;
  const names = left.slice(0, 3).map((job) =>
    `${job.index} (${jobTitle(job)})`
  );
  throw new RangeError(
    `Cannot collect the plan ${folder}: ${left.length} of its ${lines.length} jobs aren't done: ${
      names.join(", ")
    }${
      left.length > 3 ? ", …" : ""
    }; do them by tdro work, or choose finished ones with --seeds or --strategies`,
  );
}

/** Puts together the files of a seed's jobs. */
async function gatherSeed(
  folders: readonly string[],
  { target }: { target: string },
): Promise<void> {
  await writeFolder(target, {
    overwrite: true,
    what: target,
    async fill(partial) {
      const logs = new Map<string, string>();
      for (const folder of folders) {
        await linkTree(folder, partial, { but: [JOB_RECORD, ...LOGS] });
        for (const name of LOGS) {
          const text = await readTextIfThere(join(folder, name));
          if (text) logs.set(name, (logs.get(name) ?? "") + text);
        }
      }
      for (const [name, text] of logs) {
        await writeWhole(join(partial, name), text);
      }
    },
  });
}

function whole<T>(value: T | undefined, folder: string): T {
  if (value !== undefined) return value;
  throw new RangeError(
    `Cannot use ${folder}: its result is missing; remove the folder to have the job done anew`,
  );
}

/** Who did the jobs, and whether by the same versions. */
function toldOf(
  records: readonly JobRecord[],
): Pick<CollectedArena, "hosts" | "differences"> {
  const hosts: Record<string, number> = {};
  for (const { host } of records) hosts[host] = (hosts[host] ?? 0) + 1;
  const names = new Set(records.flatMap((r) => Object.keys(r.versions)));
  const differences = [...names].flatMap((name) => {
    const found = new Set(records.map((record) => record.versions[name]));
    return found.size < 2
      ? []
      : [`the arms were computed by ${name} ${[...found].join(" and ")}`];
  });
  return { hosts, differences };
}

import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { shellWord } from "../../../base/shell_word.ts";
import { exists } from "../../../base/files/exists.ts";
import { makeFolder } from "../../../base/files/make_folder.ts";
import { writeWhole } from "../../../base/files/write_whole.ts";
import { type Job, readJobPlan } from "../job_plan.ts";
import type { ArrayWork, Wrapper } from "./array_work.ts";
import { type WrapperOptions, wrapperOptions } from "./wrapper_options.ts";
import { kubernetesWrapper } from "./kubernetes.ts";
import { parallelWrapper } from "./parallel.ts";
import { rayWrapper } from "./ray.ts";
import { skypilotWrapper } from "./skypilot.ts";
import { slurmWrapper } from "./slurm.ts";
import { workLine } from "./work_line.ts";

/** Schedulers that jobs can be handed to. */
export const SCHEDULERS = [
  "slurm",
  "kubernetes",
  "parallel",
  "ray",
  "skypilot",
] as const;

/** One of them. */
export type Scheduler = typeof SCHEDULERS[number];

const WRAPPERS: Record<
  Scheduler,
  (work: ArrayWork, options: WrapperOptions) => Wrapper | Promise<Wrapper>
> = {
  slurm: slurmWrapper,
  kubernetes: kubernetesWrapper,
  parallel: parallelWrapper,
  ray: rayWrapper,
  skypilot: skypilotWrapper,
};

/** Schedulers that start several processes of a job. */
const WITH_MPI: readonly Scheduler[] = ["slurm", "kubernetes"];

/** Options of {@linkcode wrapJobs}. */
export interface WrapJobsOptions extends Partial<WrapperOptions> {
  /** Who starts the jobs. */
  scheduler: Scheduler;
  /** Folder for the files. @default {named like the scheduler, in the plan's folder} */
  out?: string | undefined;
  /** The working folder, as the machines know it. @default {that of this process} */
  workdir?: string | undefined;
  /** How the machines start tdro. @default {"tdro"} */
  command?: string;
  /** Whether files that are there are replaced. @default {false} */
  force?: boolean;
}

/** A line to be done in parts, in place of a plan. */
export interface ShardedLine {
  /**
   * The line; `{shard}` stands for the part, as in `1/8`, and `{index}` for its number
   * from 0.
   */
  line: string;
  /** How many parts there are. */
  shards: number;
  /** A line for when all are done. */
  last?: string | undefined;
}

/** What {@linkcode wrapJobs} wrote. */
export interface WrappedJobs {
  /** Its files. */
  files: string[];
  /** The line that starts everything. */
  start: string;
  /** What must be there, a sentence each. */
  needs: string[];
}

/**
 * Writes files that hand the jobs of a plan, or a line that is done in parts, to a
 * scheduler.
 *
 * @param what The plan's folder, or the line.
 * @param options Which scheduler, and what each job gets.
 * @returns The files, and how to start.
 * @throws {RangeError} If something is out of bounds, or files are there already.
 *
 * @example Usage
 * ```ts
 * import { wrapJobs } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const out = await Deno.makeTempDir();
 * const line = "tdro mine --suite my/suite --shard {shard} --out mined";
 * const { files } = await wrapJobs({ line, shards: 8 }, { scheduler: "parallel", out });
 * assert.equal(files.length, 2);
 * assert.match(await Deno.readTextFile(`${out}/job.sh`), /--shard \$\(\(INDEX \+ 1\)\)\/8/);
 * ```
 */
export async function wrapJobs(
  what: string | ShardedLine,
  {
    scheduler,
    out,
    workdir = Deno.cwd(),
    command = "tdro",
    force = false,
    ...given
  }: WrapJobsOptions,
): Promise<WrappedJobs> {
  const options = checked(scheduler, given);
  const folder = out ??
    (typeof what === "string" ? join(what, scheduler) : scheduler);
  if (!isAbsolute(workdir)) {
    throw cannot(`workdir must be an absolute path: got ${workdir}`);
  }
  const place = { folder: fromHere(folder), cwd: workdir };
  const work = typeof what === "string"
    ? await planned(what, { ...place, command })
    : sharded(what, place);
  const wrapper = await WRAPPERS[scheduler](work, options);
  const files = wrapper.files.map(({ name }) => join(folder, name));
  if (!force) await refuseThere(files);
  await makeFolder(folder);
  for (const [i, { text, isProgram }] of wrapper.files.entries()) {
    await writeWhole(files[i]!, text);
    if (isProgram && Deno.build.os !== "windows") {
      await Deno.chmod(files[i]!, 0o755);
    }
  }
  return { files, start: wrapper.start, needs: wrapper.needs };
}

function checked(
  scheduler: Scheduler,
  given: Partial<WrapperOptions>,
): WrapperOptions {
  const { data, error } = wrapperOptions.safeParse(given);
  if (error) {
    const { path, message } = error.issues[0]!;
    throw cannot(`${path.join(".")}: ${message}`);
  }
  if (data.mpi > 1 && !WITH_MPI.includes(scheduler)) {
    throw cannot(
      `${scheduler} starts no processes by MPI; use ${WITH_MPI.join(" or ")}`,
    );
  }
  return data;
}

/** Where the wrapper and the work are. */
type Place = Pick<ArrayWork, "folder" | "cwd">;

/** A path as it is from the working folder, which may be elsewhere on other machines. */
function fromHere(path: string): string {
  return relative(Deno.cwd(), resolve(path)) || ".";
}

/** The jobs of a plan, those that others need first. */
async function planned(
  folder: string,
  { command, ...place }: Place & { command: string },
): Promise<ArrayWork> {
  const { lines } = await readJobPlan(folder);
  const plan = shellWord(fromHere(folder));
  return {
    ...place,
    name: nameOf(folder),
    line: workLine(command, plan),
    count: lines.length,
    waves: wavesOf(lines),
    last: `${command} arena collect ${plan}`,
  };
}

function sharded(
  { line, shards, last }: ShardedLine,
  place: Place,
): ArrayWork {
  if (!Number.isInteger(shards) || shards < 1) {
    throw cannot(`shards must be an integer of at least 1: got ${shards}`);
  }
  if (!/\{(shard|index)\}/.test(line)) {
    throw cannot(
      `the line must have {shard} or {index} where its part is named: got ${line}`,
    );
  }
  const [, first = "shards"] = /^tdro (\w+)/.exec(line) ?? [];
  return {
    ...place,
    name: nameOf(first),
    line,
    count: shards,
    waves: [Array.from({ length: shards }, (_, i) => i)],
    last,
  };
}

/** Groups of jobs, each of which needs nothing but those before. */
export function wavesOf(jobs: readonly Job[]): number[][] {
  const depth = new Map<number, number>();
  for (const { index, needs } of jobs) {
    depth.set(index, Math.max(0, ...needs.map((n) => 1 + depth.get(n)!)));
  }
  const count = 1 + Math.max(...depth.values());
  return Array.from(
    { length: count },
    (_, wave) =>
      jobs.map(({ index }) => index).filter((i) => depth.get(i) === wave),
  );
}

/** A name that Kubernetes takes, too. */
function nameOf(folder: string): string {
  const plain = basename(resolve(folder)).toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40).replaceAll(/^-|-$/g, "");
  return plain === "" ? "tdro" : `tdro-${plain}`;
}

async function refuseThere(files: readonly string[]): Promise<void> {
  for (const file of files) {
    if (!await exists(file)) continue;
    throw new RangeError(
      `Cannot write ${file}: the file exists; choose another folder with --out, or replace it with --force`,
    );
  }
}

function cannot(why: string): RangeError {
  return new RangeError(`Cannot write the wrapper: ${why}`);
}

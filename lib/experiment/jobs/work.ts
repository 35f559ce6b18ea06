import { setTimeout as delay } from "node:timers/promises";
import type { Backend } from "../../backend/mod.ts";
import { lockFolder } from "../../base/files/folder_lock.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite } from "../../data/mod.ts";
import { checkModel } from "../stages/check_model.ts";
import { ArenaJobs } from "./arena_job.ts";
import { BEAT, type Claim, Claims, isTaken } from "./claims.ts";
import { type Job, type JobPlan, readJobPlan } from "./job_plan.ts";
import { jobTitle } from "./job_title.ts";
import { writeJobRecord } from "./job_record.ts";
import { finishJob, isDone, takeUpJob } from "./plan_folder.ts";
import { preparePlan } from "./prepare_plan.ts";

/** Options of {@linkcode work}. */
export interface WorkOptions {
  /** The plan's tasks. */
  suite: Suite;
  /** What tensors are computed with; the plan says which it must be. */
  backend: Backend;
  /**
   * The one job to do, with those that it needs. @default {all that are left}
   */
  index?: number | undefined;
  /**
   * Whether to wait for jobs that others are doing, to take them over if need be.
   * With `index` it always waits. @default {true}
   */
  wait?: boolean;
  /** Seconds between signs of life. @default {10} */
  beat?: number;
  /** Stops the work at the next step; the job is given back with a checkpoint. */
  signal?: AbortSignal;
}

/** What {@linkcode work} did. */
export interface WorkDone {
  /** Jobs that this worker finished, in that order. */
  finished: number[];
  /** Jobs that aren't done: others are doing them. */
  left: number[];
}

/**
 * Does the jobs of a plan that nobody else has done or is doing, until none is left.
 * May be called any number of times, in any number of processes, on any machines that
 * share the folder; each job is done once. One whose worker was killed is gone on
 * with from its last checkpoint, by the next that comes.
 *
 * @param folder The plan's folder.
 * @param options The tasks, the backend, and which job.
 * @returns Progress; at the end, what was done.
 * @throws {RangeError} If the plan is of another version, if data, model or backend
 * aren't the plan's, or if a job can't be done; the others are done first.
 */
export async function* work(
  folder: string,
  options: WorkOptions,
): AsyncGenerator<ProgressEvent, WorkDone> {
  const { index, wait = true, beat = BEAT, signal } = options;
  const plan = await readJobPlan(folder);
  const wanted = index === undefined ? plan.lines : withNeeds(plan, index);
  const finished: number[] = [];
  if ((await undone(folder, wanted)).length === 0) {
    yield said(`nothing is left to do in ${folder}`);
    return { finished, left: [] };
  }
  const arena = await preparePlan(plan, options);
  await checkModel(arena.settings);
  yield* arena.events;
  const claims = new Claims(folder, { beat });
  using jobs = new ArenaJobs(plan, arena);
  const failed = new Map<number, Error>();
  while (true) {
    signal?.throwIfAborted();
    const left = await undone(folder, wanted);
    const open = left.filter((job) => !failed.has(job.index));
    const ready = open.filter((job) => !needsOne(job, left));
    const found = await takeFirst(ready, claims);
    if (found.claim) {
      const { job, claim } = found;
      try {
        yield* aJob(plan, { job, claim, jobs, signal });
        finished.push(job.index);
      } catch (error) {
        if (claim.lost.aborted && !signal?.aborted) {
          yield said(`${jobTitle(job)}: another worker has taken it over`);
        } else if (index === undefined && isOfTheJob(error)) {
          failed.set(job.index, error);
          yield said(`${jobTitle(job)}: ${error.message}`);
        } else throw error;
      } finally {
        await claim[Symbol.asyncDispose]();
      }
      continue;
    }
    const blocked = ready.length === 0;
    if (blocked || index === undefined && !wait) {
      refuseFailed(plan, failed);
      return { finished, left: left.map((job) => job.index) };
    }
    yield waiting(found.others, wanted.length - left.length, wanted.length);
    await delay(500 * beat, undefined, { signal });
  }
}

/** What a job and the worker that has it need. */
interface OwnJob {
  job: Job;
  claim: Claim;
  jobs: ArenaJobs;
  signal: AbortSignal | undefined;
}

/** Does a job that is this worker's. */
async function* aJob(
  { folder }: JobPlan,
  { job, claim, jobs, signal }: OwnJob,
): AsyncGenerator<ProgressEvent, void> {
  if (await isDone(folder, job)) return await claim.done();
  const out = await takeUpJob(folder, job, claim.generation);
  const either = AbortSignal.any([claim.lost, ...signal ? [signal] : []]);
  {
    await using _ = await lockFolder(out);
    const { sizes } = yield* living(
      jobs.run(job, { out, signal: either }),
      claim,
    );
    await writeJobRecord(out, { sha256: job.sha256, sizes });
  }
  if (!await claim.holds()) throw claim.lost.reason;
  await finishJob(folder, job, out);
  await claim.done();
}

/** Passes events on; its owner gives signs of life between them. */
async function* living<T>(
  events: AsyncGenerator<ProgressEvent, T>,
  claim: Claim,
): AsyncGenerator<ProgressEvent, T> {
  try {
    while (true) {
      const next = await events.next();
      if (next.done) return next.value;
      yield next.value;
      await claim.beat();
      claim.lost.throwIfAborted();
    }
  } catch (error) {
    // Whoever took it over has moved the folder: whatever failed, failed for that.
    await claim.holds();
    throw error;
  } finally {
    await events.return(undefined as never);
  }
}

/** The first job that nobody has; or who has them. */
async function takeFirst(
  ready: readonly Job[],
  claims: Claims,
): Promise<
  { job: Job; claim: Claim } | { claim?: undefined; others: string[] }
> {
  const others: string[] = [];
  for (const job of ready) {
    const claim = await claims.take(job.index);
    if (isTaken(claim)) return { job, claim };
    others.push(`${jobTitle(job)} (${claim.who.replace(/,$/, "")})`);
  }
  return { others };
}

async function undone(
  folder: string,
  jobs: readonly Job[],
): Promise<Job[]> {
  const done = await Promise.all(jobs.map((job) => isDone(folder, job)));
  return jobs.filter((_, i) => !done[i]);
}

function needsOne({ needs }: Job, left: readonly Job[]): boolean {
  return left.some(({ index }) => needs.includes(index));
}

/** A job and those that it needs, these first. */
function withNeeds({ folder, lines }: JobPlan, index: number): Job[] {
  const job = lines[index];
  if (job) return [...job.needs.map((need) => lines[need]!), job];
  throw new RangeError(
    `Cannot work on the plan ${folder}: the index must be an integer from 0 to ${
      lines.length - 1
    }: got ${index}`,
  );
}

/** What is wrong with a job alone: the others may go well. */
function isOfTheJob(error: unknown): error is RangeError {
  return error instanceof RangeError && error.message.includes("Cannot");
}

function refuseFailed(
  { lines }: JobPlan,
  failed: ReadonlyMap<number, Error>,
): void {
  const [first] = failed;
  if (!first) return;
  const [index, error] = first;
  const others = failed.size > 1 ? ` (and ${failed.size - 1} more)` : "";
  throw new RangeError(
    `Cannot do job ${index}, ${
      jobTitle(lines[index]!)
    }${others}: ${error.message}`,
    { cause: error },
  );
}

function waiting(
  others: readonly string[],
  done: number,
  total: number,
): ProgressEvent {
  return {
    stage: "waiting",
    label: "waiting for jobs that others are doing",
    done,
    total,
    note: others[0],
  };
}

function said(label: string): ProgressEvent {
  return { stage: label, label, lines: [label], done: 1, total: 1 };
}

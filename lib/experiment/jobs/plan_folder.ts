import { dirname, join } from "node:path";
import { removeAll } from "../../base/files/leftovers.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { syncFolder, syncTree } from "../../base/files/sync.ts";
import { exists } from "../../base/files/exists.ts";
import type { Job } from "./job_plan.ts";

/** Where a finished job's files are. */
export function doneFolder(plan: string, { index }: Pick<Job, "index">) {
  return join(plan, "done", `${index}`);
}

/** Where jobs are worked on; the number of the owner is part of the name. */
export function workFolder(plan: string): string {
  return join(plan, "work");
}

/** Whether a job is finished. */
export async function isDone(
  plan: string,
  job: Pick<Job, "index">,
): Promise<boolean> {
  return await exists(doneFolder(plan, job));
}

/**
 * Folders in which workers began a job, by the number of the owner.
 *
 * @param plan The plan's folder.
 * @param job The job.
 */
export async function begunFolders(
  plan: string,
  { index }: Pick<Job, "index">,
): Promise<Map<number, string>> {
  const parent = workFolder(plan);
  const found = new Map<number, string>();
  if (!await exists(parent)) return found;
  for await (const { name } of Deno.readDir(parent)) {
    const [of, owner] = name.split(".");
    if (of === `${index}` && /^\d+$/.test(owner ?? "")) {
      found.set(Number(owner), join(parent, name));
    }
  }
  return found;
}

/**
 * The folder in which a job's new owner goes on, with what earlier owners left. It
 * gets another name, so that one who isn't gone after all can't write into it.
 *
 * @param plan The plan's folder.
 * @param job The job.
 * @param owner Number of the owner.
 */
export async function takeUpJob(
  plan: string,
  { index }: Pick<Job, "index">,
  owner: number,
): Promise<string> {
  const own = join(workFolder(plan), `${index}.${owner}`);
  const begun = await begunFolders(plan, { index });
  const newest = Math.max(...begun.keys());
  for (const [number, folder] of begun) {
    if (number !== newest) await removeAll(folder);
    else if (folder !== own) await Deno.rename(folder, own);
  }
  await makeFolder(own);
  await syncFolder(workFolder(plan));
  return own;
}

/**
 * Gives a finished job's folder its place.
 *
 * @param plan The plan's folder.
 * @param job The job.
 * @param folder The folder in which it was done.
 */
export async function finishJob(
  plan: string,
  job: Pick<Job, "index">,
  folder: string,
): Promise<void> {
  const place = doneFolder(plan, job);
  await makeFolder(dirname(place));
  await syncTree(folder);
  try {
    await Deno.rename(folder, place);
  } catch (error) {
    // Another worker may have done it too: to the same result.
    if (!await isDone(plan, job)) throw error;
    await removeAll(folder);
  }
  await syncFolder(dirname(place));
}

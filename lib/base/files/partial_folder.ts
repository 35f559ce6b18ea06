import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";
import { nameBeside, removeAll, removeLeftoversOf } from "./leftovers.ts";
import { lockPath } from "./lock_path.ts";
import { makeFolder } from "./make_folder.ts";
import { syncFolder, syncTree } from "./sync.ts";

/**
 * A folder that has its name only when whole; disposed of before, it goes, and so do
 * those above it that were made for it.
 */
export interface PartialFolder extends AsyncDisposable {
  /** Where it is filled. */
  path: string;
  /**
   * Gives it its name, safely on disk.
   *
   * @param options `replace`: whether one that has the name goes, once this one is
   * in its place; otherwise it is an error.
   */
  finish(options?: { replace?: boolean }): Promise<void>;
}

/**
 * Makes a folder beside its place. What killed processes left there goes.
 *
 * @param folder Its name in the end.
 */
export async function partialFolder(folder: string): Promise<PartialFolder> {
  const target = resolve(folder);
  const parent = dirname(target);
  const made = await makeFolder(parent);
  await removeLeftoversOf(target);
  const path = nameBeside(target, "partial");
  // It tells that the folder isn't left over; held until it has its name.
  const lock = await makeLocked(path);
  let finished = false;
  return {
    path,
    async finish({ replace = false } = {}) {
      await syncTree(path);
      const old = replace
        ? await takePlace(path, target)
        : await Deno.rename(path, target);
      finished = true;
      await syncFolder(parent);
      for (const each of old ?? []) await removeAll(each);
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true }).catch(() => {});
      if (!finished) {
        // Only what is empty can be removed so.
        for (const folder of made) await Deno.remove(folder).catch(() => {});
      }
      lock?.close();
    },
  };
}

/**
 * Gives a folder the name of another one, if there is one.
 *
 * @returns Where the other one lies now, or the others: a process that finishes at
 * the same time may put its folder there in between.
 */
async function takePlace(path: string, target: string): Promise<string[]> {
  const old: string[] = [];
  while (true) {
    // A folder can't be renamed onto another one that holds something.
    const aside = nameBeside(target, "old");
    try {
      await Deno.rename(target, aside);
      old.push(aside);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    try {
      await Deno.rename(path, target);
      return old;
    } catch (error) {
      if (!await exists(target)) {
        if (old.length > 0) await Deno.rename(old.pop()!, target);
        throw error;
      }
    }
  }
}

/** Makes a folder and locks it, where the system can lock folders. */
async function makeLocked(folder: string): Promise<Deno.FsFile | undefined> {
  while (true) {
    await Deno.mkdir(folder, { recursive: true });
    const lock = await lockPath(folder);
    if (lock === "busy") return; // Windows
    // Another process may have taken it for something left over.
    if (lock) return lock;
  }
}

import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";
import { nameBeside, removeLeftoversOf } from "./leftovers.ts";
import { lockPath } from "./lock_path.ts";
import { makeFolder } from "./make_folder.ts";
import { syncFolder, syncTree } from "./sync.ts";

/** A folder that has its name only when whole; disposed of before, it goes. */
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
  await makeFolder(parent);
  await removeLeftoversOf(target);
  const path = nameBeside(target, "partial");
  // It tells that the folder isn't left over; held until it has its name.
  const lock = await makeLocked(path);
  return {
    path,
    async finish({ replace = false } = {}) {
      await syncTree(path);
      // A folder can't be renamed onto another one that holds something.
      const old = replace && await exists(target)
        ? nameBeside(target, "old")
        : undefined;
      if (old) await Deno.rename(target, old);
      await Deno.rename(path, target);
      await syncFolder(parent);
      if (old) await Deno.remove(old, { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true }).catch(() => {});
      lock?.close();
    },
  };
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

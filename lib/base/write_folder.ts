import { dirname, resolve } from "node:path";
import { makeFolder } from "./make_folder.ts";
import { exists } from "./exists.ts";
import { nameBeside, removeLeftoversOf } from "./leftovers.ts";
import { lockPath } from "./lock_path.ts";
import { syncFolder, syncTree } from "./sync.ts";

/** How {@linkcode writeFolder} writes. */
export interface WriteFolderOptions {
  /** Whether a folder that is there already may be replaced. */
  overwrite: boolean;
  /** What it is, for the error if it may not. */
  what: string;
  /** Writes the contents into the folder that becomes the wanted one. */
  fill(partial: string): Promise<void>;
}

/**
 * Writes a folder that appears under its name only when whole and safely on disk;
 * what was there is kept until then.
 *
 * @param folder The folder.
 * @param options What to write.
 */
export async function writeFolder(
  folder: string,
  { overwrite, what, fill }: WriteFolderOptions,
): Promise<void> {
  const target = resolve(folder);
  const parent = dirname(target);
  await makeFolder(parent);
  await removeLeftoversOf(target);
  if (!overwrite && await exists(target)) {
    throw new RangeError(
      `Cannot write ${what}: the folder is there already; remove it, choose another, or set overwrite`,
    );
  }
  const partial = nameBeside(target, "partial");
  // Its lock tells that it isn't left over; it is held until the folder has its name.
  using _lock = await makeLocked(partial);
  try {
    await fill(partial);
    await syncTree(partial);
    if (await exists(target)) {
      // A folder can't be renamed onto another one that holds something.
      const old = nameBeside(target, "old");
      await Deno.rename(target, old);
      await Deno.rename(partial, target);
      await syncFolder(parent);
      await Deno.remove(old, { recursive: true });
    } else {
      await Deno.rename(partial, target);
      await syncFolder(parent);
    }
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    throw error;
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

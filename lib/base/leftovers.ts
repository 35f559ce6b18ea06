import { join } from "node:path";
import { exists } from "./exists.ts";

/** How {@linkcode writeWhole} and {@linkcode writeFolder} name what isn't whole. */
const LEFTOVER = /^(\.?)(.+)\.[0-9a-f]{8}\.(partial|old)$/;

/** Whether a name is of something that a process didn't finish writing. */
export function isLeftover(name: string): boolean {
  return LEFTOVER.test(name);
}

/**
 * Removes what a process left in a folder when it was killed: files and folders
 * that weren't whole yet. What was just being replaced gets its name back. To be
 * called only by who holds the folder's lock.
 *
 * @param folder The folder, with all below it.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const [, , target, kind] = LEFTOVER.exec(name) ?? [];
    if (target === undefined) {
      if (isDirectory) await removeLeftovers(path);
    } else if (kind === "old" && !await exists(join(folder, target))) {
      await Deno.rename(path, join(folder, target));
    } else await Deno.remove(path, { recursive: true });
  }
}

import { join } from "node:path";
import { exists } from "../base/files/exists.ts";
import { syncFolder } from "../base/files/sync.ts";

/** Where a finished result waits until the one that replaces it is whole. */
const REPLACED = ".replaced";

/**
 * Makes room in a folder for a new run or arena.
 *
 * @param folder The folder.
 * @param content What the earlier one wrote there, its record first.
 * @param options `keep`: whether that is kept until {@linkcode dropReplaced}.
 */
export async function clearFolder(
  folder: string,
  content: readonly string[],
  { keep }: { keep: boolean },
): Promise<void> {
  const aside = join(folder, REPLACED);
  if (keep) await Deno.mkdir(aside, { recursive: true });
  // The record last: until then the folder holds the earlier one.
  for (const name of [...content].reverse()) {
    const path = join(folder, name);
    if (!await exists(path)) continue;
    if (keep) await Deno.rename(path, join(aside, name));
    else await Deno.remove(path, { recursive: true });
  }
  // Before the folder they come from is synced, or a power cut takes them.
  if (keep) await syncFolder(aside);
}

/** Removes what was replaced, once the new result is whole. */
export async function dropReplaced(folder: string): Promise<void> {
  const aside = join(folder, REPLACED);
  if (await exists(aside)) await Deno.remove(aside, { recursive: true });
}

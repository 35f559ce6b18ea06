import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";
import { mayUse } from "../permissions.ts";
import { syncFolder } from "./sync.ts";

/**
 * Makes a folder, and those above it, so that they last through a power cut.
 *
 * @param folder The folder; it may be there.
 * @returns The folders that were made, the innermost first.
 */
export async function makeFolder(folder: string): Promise<string[]> {
  const made: string[] = [];
  let path = resolve(folder);
  while (mayUse({ name: "read", path: dirname(path) }) && !await exists(path)) {
    made.push(path);
    path = dirname(path);
  }
  await Deno.mkdir(folder, { recursive: true });
  for (const path of made) await syncFolder(dirname(path));
  return made;
}

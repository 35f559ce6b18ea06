import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";
import { mayUse } from "../permissions.ts";
import { syncFolder } from "./sync.ts";

/**
 * Makes a folder, and those above it, so that they last through a power cut.
 *
 * @param folder The folder; it may be there.
 */
export async function makeFolder(folder: string): Promise<void> {
  const parents: string[] = [];
  let path = resolve(folder);
  while (mayUse({ name: "read", path: dirname(path) }) && !await exists(path)) {
    path = dirname(path);
    parents.push(path);
  }
  await Deno.mkdir(folder, { recursive: true });
  for (const parent of parents) await syncFolder(parent);
}

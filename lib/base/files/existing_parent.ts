import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";

/**
 * The folder, or the nearest one above it that is there.
 *
 * @param folder The folder.
 * @returns Its absolute path; `undefined` if this process may not look.
 */
export async function existingParent(
  folder: string,
): Promise<string | undefined> {
  let there = resolve(folder);
  try {
    while (!await exists(there) && dirname(there) !== there) {
      there = dirname(there);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return;
    throw error;
  }
  return there;
}

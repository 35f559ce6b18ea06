import { dirname, resolve } from "node:path";
import { exists } from "./exists.ts";

/**
 * Refuses a folder that can't be made or written to, before dear work rather than
 * after it.
 *
 * @param folder The folder.
 * @param path What is to be written there, for the error.
 * @throws What the system says, with the path.
 */
export async function checkFolder(
  folder: string,
  path: string = folder,
): Promise<void> {
  let there = resolve(folder);
  while (!await exists(there) && dirname(there) !== there) {
    there = dirname(there);
  }
  try {
    const probe = await Deno.makeTempFile({ dir: there, prefix: ".tdro-" });
    await Deno.remove(probe);
  } catch (error) {
    if (error instanceof Error) {
      error.message = error.message.replace(
        / \((os error \d+)\).*$/s,
        ` ($1): writefile '${path}'`,
      );
    }
    throw error;
  }
}

import { existingParent } from "./existing_parent.ts";
import { checkAccess, mayUse } from "../permissions.ts";

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
  await checkAccess("write", path);
  const there = await existingParent(folder);
  if (there === undefined || !mayUse({ name: "write", path: there })) return;
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

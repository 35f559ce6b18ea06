/**
 * Whether a folder is there and holds anything but hidden files: locks, what a
 * killed process left, what the system puts into folders.
 *
 * @param folder The folder.
 */
export async function hasFiles(folder: string): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith(".")) return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return false;
}

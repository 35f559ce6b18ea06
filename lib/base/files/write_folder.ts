import { exists } from "./exists.ts";
import { partialFolder } from "./partial_folder.ts";

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
  await using partial = await partialFolder(folder);
  const refuseOther = async () => {
    if (overwrite || !await exists(folder)) return;
    throw new RangeError(
      `Cannot write ${what}: the folder is there already; remove it, choose another, or set overwrite`,
    );
  };
  await refuseOther();
  await fill(partial.path);
  await partial.finish({ replace: overwrite }).catch(async (error) => {
    // Another process may have been first.
    await refuseOther();
    throw error;
  });
}

import { join } from "node:path";
import { exists } from "./exists.ts";
import { hasFiles } from "./has_files.ts";
import { partialFolder } from "./partial_folder.ts";

/** How {@linkcode writeFolder} writes. */
export interface WriteFolderOptions {
  /** Whether a folder that is there already may be replaced. */
  overwrite: boolean;
  /** What it is, for the error if it may not. */
  what: string;
  /**
   * Files of which such a folder has one: what holds other files alone isn't
   * replaced, whatever is asked for. @default {all are replaced}
   */
  marks?: readonly string[];
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
  { overwrite, what, marks, fill }: WriteFolderOptions,
): Promise<void> {
  await using partial = await partialFolder(folder);
  const refuseOther = async () => {
    if (overwrite || !await exists(folder)) return;
    throw new RangeError(
      `Cannot write ${what}: the folder is there already; remove it, choose another, or set overwrite`,
    );
  };
  await refuseOther();
  if (marks) await refuseForeign(folder, { what, marks });
  await fill(partial.path);
  await partial.finish({ replace: overwrite }).catch(async (error) => {
    // Another process may have been first.
    await refuseOther();
    throw error;
  });
}

/** Refuses to replace what was never such a folder: its files would be gone. */
async function refuseForeign(
  folder: string,
  { what, marks }: { what: string; marks: readonly string[] },
): Promise<void> {
  if (!await hasFiles(folder)) return;
  for (const name of marks) if (await exists(join(folder, name))) return;
  throw new RangeError(
    `Cannot write ${what}: the folder holds files, but no ${
      marks.join(" or ")
    }; choose another folder, or remove this one yourself`,
  );
}

import { exists } from "../../base/files/exists.ts";
import { writeFolder } from "../../base/files/write_folder.ts";

/**
 * Lets `write` fill a folder that appears under its name only when whole.
 *
 * @param folder Name; there must be nothing of that name yet.
 * @param write Fills the folder that it is given.
 * @throws {RangeError} If there is something of that name.
 */
export async function newFolder(
  folder: string,
  write: (partial: string) => Promise<void>,
): Promise<void> {
  if (await exists(folder)) {
    throw new RangeError(
      `Cannot write ${folder}: the name is taken; choose another --out`,
    );
  }
  await writeFolder(folder, { overwrite: false, what: folder, fill: write });
}

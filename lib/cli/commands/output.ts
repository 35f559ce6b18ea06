import { dirname, resolve } from "node:path";
import { checkFolder } from "../../base/files/check_folder.ts";
import { exists, isFolder } from "../../base/files/exists.ts";

/**
 * Refuses a file that can't be written, before dear work rather than after it.
 *
 * @param path The file.
 * @throws {RangeError} If it is a folder; what the system says if its folder can't be
 * written to.
 */
export async function checkWritable(path: string): Promise<void> {
  if (await isFolder(path)) {
    throw new RangeError(`Cannot write ${path}: it is a folder; name a file`);
  }
  await checkFolder(dirname(resolve(path)), path);
}

/**
 * Refuses to replace a file unasked.
 *
 * @param path The file.
 * @param force Whether it may be replaced.
 * @throws {RangeError} If it is there and may not; also if it can't be written.
 */
export async function checkNew(path: string, force: boolean): Promise<void> {
  await checkWritable(path);
  if (force || !await exists(path)) return;
  throw new RangeError(
    `Cannot write ${path}: the file exists; choose another with ` +
      "--out, or replace it with --force",
  );
}

import { join } from "node:path";
import { isHeld, takeLock } from "./held_lock.ts";
import { removeLeftovers } from "./leftovers.ts";
import { makeFolder } from "./make_folder.ts";

/** Name of the lock in a folder. */
const LOCK = ".lock";

/**
 * Takes a folder for this process alone, and removes what a killed one left there
 * that wasn't whole. The system lets go of the lock when the process ends, however
 * it ends, so none is ever left behind; on network file systems it holds as far as
 * those pass on `flock`.
 *
 * @param folder The folder; made if absent.
 * @returns The lock; dispose of it in the end.
 * @throws {RangeError} If another process has it; the message says which.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await makeFolder(folder);
  const lock = await takeLock(join(folder, LOCK));
  if (isHeld(lock)) {
    throw new RangeError(
      `Cannot write to ${folder}: ${lock.who} is writing to it; wait until it has finished, or choose another folder with --out`,
    );
  }
  try {
    await removeLeftovers(folder);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  return lock;
}

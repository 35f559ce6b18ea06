import { isHeld, takeLock } from "../../base/files/held_lock.ts";
import { cacheFolder } from "../../base/files/cache_folder.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";

/** Milliseconds between two looks at whether the other set-up is done. */
const PAUSE = 250;

/** Refusals of a place that can't be written to. */
const REFUSALS: readonly unknown[] = ["EACCES", "EPERM", "EROFS"];

/**
 * Takes the cache folder for this set-up alone, once no other one is at work there:
 * what that one installs needn't be installed again.
 *
 * @param stage What is set up, for the reports.
 * @returns Reports while it waits; in the end the lock, to be disposed of.
 */
export async function* waitForTurn(
  stage: string,
): AsyncGenerator<ProgressEvent, AsyncDisposable> {
  while (true) {
    const lock = await tryTurn();
    if (!isHeld(lock)) return lock;
    const label = `waiting while ${lock.who} is setting up`;
    yield { stage, label, done: 0, total: 1 };
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

async function tryTurn(): ReturnType<typeof takeLock> {
  try {
    await makeFolder(cacheFolder());
    return await takeLock(cacheFolder(".setup.lock"));
  } catch (error) {
    // What someone else has installed in such a place can still be checked.
    if (!REFUSALS.includes((error as { code?: unknown }).code)) throw error;
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}

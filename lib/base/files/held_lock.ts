import { dirname } from "node:path";
import { openLocked } from "./lock_path.ts";
import { readTextIfThere } from "./read_text.ts";
import { syncFolder } from "./sync.ts";
import { hostName } from "../host_name.ts";

/** Who has a lock, as its file tells. */
interface Holder {
  pid: number;
  host: string;
  started: string;
}

/** A lock that another process has. */
export interface HeldLock {
  /** Which process, as the subject of a sentence: number, machine and since when. */
  who: string;
}

/**
 * Takes a lock for this process, and notes in it who has it. The system lets go of
 * it when the process ends, however it ends.
 *
 * @param path File of the lock; the folder must be there.
 * @returns The lock, which removes the file when it is disposed of; or who has it.
 */
export async function takeLock(
  path: string,
): Promise<AsyncDisposable | HeldLock> {
  const file = await openLocked(path);
  if (!file) return { who: described(await holderOf(path)) };
  const holder: Holder = {
    pid: Deno.pid,
    host: hostName(),
    started: new Date().toISOString(),
  };
  try {
    await file.truncate();
    await file.write(new TextEncoder().encode(JSON.stringify(holder)));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      // The name goes first: whoever opens it afterwards has a file of their own.
      await Deno.remove(path).catch(() => {});
      file.close();
      await syncFolder(dirname(path)).catch(() => {});
    },
  };
}

/** Whether another process has the lock. */
export function isHeld(lock: AsyncDisposable | HeldLock): lock is HeldLock {
  return "who" in lock;
}

async function holderOf(path: string): Promise<Partial<Holder>> {
  try {
    return JSON.parse(await readTextIfThere(path) ?? "{}");
  } catch {
    return {}; // It is just being written.
  }
}

function described({ pid, host, started }: Partial<Holder>): string {
  return pid === undefined
    ? "another process"
    : `process ${pid} on ${host}, since ${started},`;
}

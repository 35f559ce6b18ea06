import { hostname } from "node:os";
import { makeFolder } from "./make_folder.ts";
import { join } from "node:path";
import { removeLeftovers } from "./leftovers.ts";
import { openLocked } from "./lock_path.ts";
import { readTextIfThere } from "./read_text.ts";
import { syncFolder } from "./sync.ts";
import { mayUse } from "../permissions.ts";

/** Name of the lock in a folder. */
const LOCK = ".lock";

/** Who writes to a folder. */
interface Holder {
  pid: number;
  host: string;
  started: string;
}

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
  const path = join(folder, LOCK);
  const file = await openLocked(path);
  if (!file) throw busy(folder, await holderOf(path));
  try {
    const holder: Holder = {
      pid: Deno.pid,
      host: nameOfHost(),
      started: new Date().toISOString(),
    };
    await file.truncate();
    await file.write(new TextEncoder().encode(JSON.stringify(holder)));
    await removeLeftovers(folder);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      // The name goes first: whoever opens it afterwards has a file of their own.
      await Deno.remove(path).catch(() => {});
      file.close();
      await syncFolder(folder).catch(() => {});
    },
  };
}

async function holderOf(path: string): Promise<Partial<Holder>> {
  try {
    return JSON.parse(await readTextIfThere(path) ?? "{}");
  } catch {
    return {}; // It is just being written.
  }
}

function busy(
  folder: string,
  { pid, host, started }: Partial<Holder>,
): RangeError {
  const who = pid === undefined
    ? "another process"
    : `process ${pid} on ${host}, since ${started},`;
  return new RangeError(
    `Cannot write to ${folder}: ${who} is writing to it; wait until it has finished, or choose another folder with --out`,
  );
}

/** Needs a permission that a run does without, and mustn't ask for. */
function nameOfHost(): string {
  const permission = { name: "sys", kind: "hostname" } as const;
  return mayUse(permission) ? hostname() : "this machine";
}

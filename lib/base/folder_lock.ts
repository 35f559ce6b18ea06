import { hostname } from "node:os";
import { join } from "node:path";
import { removeLeftovers } from "./leftovers.ts";
import { readTextIfThere } from "./read_text.ts";
import { syncFolder } from "./sync.ts";

/** Name of the lock in a folder. */
export const LOCK = ".lock";

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
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, LOCK);
  const file = await lockFile(path);
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

/** The locked file of this name; `undefined` if another process has it. */
export async function lockFile(path: string): Promise<Deno.FsFile | undefined> {
  while (true) {
    const file = await Deno.open(path, {
      read: true,
      write: true,
      create: true,
    });
    if (!await file.tryLock(true)) {
      file.close();
      return;
    }
    // Whoever had it may just have removed the name: then it locks nothing.
    const [mine, named] = await Promise.all([
      file.stat(),
      Deno.stat(path).catch(() => undefined),
    ]);
    if (named && mine.ino === named.ino) return file;
    file.close();
  }
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
    : `process ${pid} on ${host}, since ${started}`;
  return new RangeError(
    `Cannot write to ${folder}: ${who}, is writing to it; wait until it has finished, or choose another folder with --out`,
  );
}

/** Needs a permission that a run does without, and mustn't ask for. */
function nameOfHost(): string {
  const permission = { name: "sys", kind: "hostname" } as const;
  const { state } = Deno.permissions.querySync(permission);
  return state === "granted" ? hostname() : "this machine";
}

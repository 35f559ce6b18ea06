import { openToRead } from "./open_file.ts";
import { refuseLink } from "./refuse_link.ts";

/**
 * Locks a file or folder by its name. The lock ends with the process, or when what
 * is returned is closed.
 *
 * @param path File or folder that is there.
 * @returns What holds the lock; `"busy"` if another process has it; `undefined` if
 * there is nothing of that name (any more), or if the file system knows no locks.
 */
export async function lockPath(
  path: string,
): Promise<Deno.FsFile | "busy" | undefined> {
  let file: Deno.FsFile;
  try {
    file = await openToRead(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    // Windows can't open folders.
    if (Deno.build.os === "windows") return "busy";
    throw error;
  }
  if (!await tryLock(file)) {
    file.close();
    return "busy";
  }
  if (await isNamed(file, path)) return file;
  file.close();
}

/**
 * Opens a file to write to it, made if absent, and locks it for this process alone.
 *
 * @param path The file.
 * @returns The file; `undefined` if another process has it.
 */
export async function openLocked(
  path: string,
): Promise<Deno.FsFile | undefined> {
  while (true) {
    await refuseLink(path);
    const file = await Deno.open(path, {
      read: true,
      write: true,
      create: true,
    });
    if (!await tryLock(file)) {
      file.close();
      return;
    }
    // Whoever had it may just have removed the name: then it locks nothing.
    if (await isNamed(file, path)) return file;
    file.close();
  }
}

/** Whether an open file is locked now; also where the file system knows no locks. */
async function tryLock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch {
    return true;
  }
}

/** Whether an open file is still the one of that name. */
async function isNamed(
  file: Deno.FsFile,
  path: string,
): Promise<boolean> {
  const [mine, named] = await Promise.all([
    file.stat(),
    Deno.stat(path).catch(() => undefined),
  ]);
  return named !== undefined && mine.ino === named.ino;
}

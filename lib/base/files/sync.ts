import { join } from "node:path";

/**
 * Makes what was written to a file last: after a power cut it is there.
 *
 * @param path The file.
 */
export async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

/**
 * Makes the names in a folder last: what was renamed there, or removed, stays so
 * after a power cut. Windows has no such call and needs none.
 *
 * @param path The folder.
 */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path, { read: true });
  await folder.sync();
}

/** Makes a folder last with all that is in it. */
export async function syncTree(path: string): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(path)) {
    if (isDirectory) await syncTree(join(path, name));
    else if (isFile) await syncFile(join(path, name));
  }
  await syncFolder(path);
}

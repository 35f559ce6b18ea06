import { basename, dirname, join } from "node:path";
import { exists } from "./exists.ts";
import { lockPath } from "./lock_path.ts";

/**
 * What isn't whole yet (`partial`), or is just being replaced (`old`), lies beside
 * its target under such a name; who writes it holds its lock.
 */
const LEFTOVER = /^\.?(.+)\.[0-9a-f]{8}\.(partial|old)$/;

/**
 * A name beside a file or folder for what takes its place, or had it.
 *
 * @param target The file or folder.
 * @param kind What it is for.
 */
export function nameBeside(target: string, kind: "partial" | "old"): string {
  const id = crypto.randomUUID().slice(0, 8);
  return join(dirname(target), `.${basename(target)}.${id}.${kind}`);
}

/**
 * Removes what a process left in a folder when it was killed: files and folders
 * that weren't whole yet. What was just being replaced gets its name back. To be
 * called only by who holds the folder's lock.
 *
 * @param folder The folder, with all below it.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const [, target, kind] = LEFTOVER.exec(name) ?? [];
    if (target === undefined) {
      if (isDirectory) await removeLeftovers(path);
    } else await removeLeftover(path, join(folder, target), kind!);
  }
}

/**
 * Removes what killed processes left of one file or folder; what a living one
 * writes stays.
 *
 * @param target The file or folder.
 */
export async function removeLeftoversOf(target: string): Promise<void> {
  const folder = dirname(target);
  if (!await exists(folder)) return;
  const found: { path: string; kind: string }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const [, of, kind] = LEFTOVER.exec(name) ?? [];
    if (of === basename(target)) {
      found.push({ path: join(folder, name), kind: kind! });
    }
  }
  // Where one is being written, what it replaces is its own to put back.
  for (const { path, kind } of found.sort((a, b) => a.kind < b.kind ? 1 : -1)) {
    const lock = await lockPath(path);
    if (lock === "busy") return;
    await removeLeftover(path, target, kind);
    lock?.close();
  }
}

async function removeLeftover(
  path: string,
  target: string,
  kind: string,
): Promise<void> {
  if (kind === "old" && !await exists(target)) {
    await unlessGone(Deno.rename(path, target));
  } else await removeAll(path);
}

/** Removes a file or folder, unless another process does so just now. */
export async function removeAll(path: string): Promise<void> {
  await unlessGone(Deno.remove(path, { recursive: true }));
}

async function unlessGone(change: Promise<void>): Promise<void> {
  await change.catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

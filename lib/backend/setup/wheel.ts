import { join } from "node:path";
import { cacheFolder } from "../../base/files/cache_folder.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { removeAll, removeLeftoversOf } from "../../base/files/leftovers.ts";
import { partialFolder } from "../../base/files/partial_folder.ts";
import type { PinnedWheel } from "./pinned_wheels.ts";
import type { Python } from "./python.ts";
import { lastLine } from "./run_program.ts";

/** Python version to ask for, so that the user's own doesn't matter. */
const PYTHON_VERSION = "3.12";

/**
 * Downloads a wheel into the cache folder, or finds it there whole. It gets its name
 * there only once it has the SHA-256 that it must have, and is checked again when
 * it is found there later: one that isn't what it must be is fetched anew.
 *
 * @returns Path of the wheel.
 * @throws {RangeError} If pip can't fetch it, or fetches another file.
 */
export async function fetchWheel(
  python: Python,
  wheel: PinnedWheel,
): Promise<string> {
  const folder = folderOf(wheel);
  const there = await firstWheel(folder);
  if (there && (await hashFile(there)).sha256 === wheel.sha256) return there;
  await using partial = await partialFolder(folder);
  await downloadWheel(python, wheel, partial.path);
  await checkWheel(await firstWheel(partial.path), wheel);
  await partial.finish({ replace: true });
  return (await firstWheel(folder))!;
}

/** Removes what was downloaded of a wheel: it has served. */
export async function forgetWheel(wheel: PinnedWheel): Promise<void> {
  const folder = folderOf(wheel);
  await removeLeftoversOf(folder);
  await removeAll(folder);
}

/** Where a wheel is kept until it has served. */
function folderOf({ requirement, platforms = [] }: PinnedWheel): string {
  return cacheFolder(
    "downloads",
    [requirement.replace(/[^\w.-]+/g, "_"), ...platforms.slice(0, 1)].join("-"),
  );
}

/** Has pip fetch a wheel. It must not take sources: it would run what they say. */
async function downloadWheel(
  python: Python,
  { requirement, platforms = [] }: PinnedWheel,
  folder: string,
): Promise<void> {
  const args = [
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--disable-pip-version-check",
    "--progress-bar",
    "off",
    "-d",
    folder,
    ...platforms.flatMap((tag) => ["--platform", tag]),
    ...(platforms.length > 0 ? ["--python-version", PYTHON_VERSION] : []),
  ];
  const got = await python([...args, requirement]);
  if (got.ok) return;
  throw new RangeError(
    `Cannot set up: pip could not download ${requirement}: ` +
      `${lastLine(got.text)}; check the network or pip's index settings ` +
      `and run setup again`,
  );
}

/** Throws unless a wheel is there and the one that it must be. */
async function checkWheel(
  path: string | undefined,
  { requirement, sha256 }: PinnedWheel,
): Promise<void> {
  if (path === undefined) {
    throw new RangeError(
      `Cannot set up: pip left no wheel for ${requirement}; run setup again`,
    );
  }
  const found = await hashFile(path);
  if (found.sha256 === sha256) return;
  throw new RangeError(
    `Cannot set up: the wheel of ${requirement} must have the SHA-256 ${sha256}: ` +
      `got ${found.sha256}; nothing of it is used: check pip's index settings ` +
      `and run setup again`,
  );
}

async function firstWheel(folder: string): Promise<string | undefined> {
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.endsWith(".whl")) return join(folder, entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

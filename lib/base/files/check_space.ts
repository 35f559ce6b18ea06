import { statfs } from "node:fs/promises";
import { existingParent } from "./existing_parent.ts";
import { mayUse } from "../permissions.ts";

/**
 * Refuses work whose files won't fit on the disk, before it begins. Without the
 * permission to ask (`--allow-sys`) nothing is refused.
 *
 * @param folder Where the files will be; needn't be there yet.
 * @param bytes How many there will be, about.
 * @throws {RangeError} If there is less space.
 */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeSpace(folder);
  if (free === undefined || free >= bytes) return;
  throw new RangeError(
    `Cannot write to ${folder}: about ${inUnits(bytes)} are needed, and ${
      // Rounded down: otherwise what is there could look like enough.
      free < 1e6 ? `${Math.floor(free / 1e3)} kB` : inUnits(
        free,
      )} are free there; free some space, or choose another folder with --out`,
  );
}

/**
 * Bytes that are free where a folder is, or will be; `undefined` without the
 * permission to ask (`--allow-sys`).
 */
export async function freeSpace(folder: string): Promise<number | undefined> {
  // The kind is newer than its type.
  if (!mayUse({ name: "sys", kind: "statfs" as "cpus" })) return;
  const there = await existingParent(folder);
  if (there === undefined) return;
  const { bavail, bsize } = await statfs(there);
  return bavail * bsize;
}

/** `1500000` → `2 MB`. */
export function inUnits(bytes: number): string {
  return bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(1)} GB`
    : `${Math.ceil(bytes / 1e6)} MB`;
}

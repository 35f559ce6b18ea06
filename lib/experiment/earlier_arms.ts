import { join } from "node:path";
import { exists } from "../base/files/exists.ts";

/** What a run of an earlier version has under another name. */
const MOVED = [
  ["models/top70.json", "models/top.json"],
  ["models/top70", "models/top"],
  ["checkpoints/top70", "checkpoints/top"],
] as const;

/**
 * Gives what an unfinished run of an earlier version left the names of today, so
 * that this one goes on with it.
 *
 * @param folder The run's folder, which must be this process's to write to.
 */
export async function renameEarlierArms(folder: string): Promise<void> {
  for (const [from, to] of MOVED) {
    if (!await exists(join(folder, from))) continue;
    await Deno.rename(join(folder, from), join(folder, to));
  }
}

import { join } from "node:path";
import { writeJson } from "../../base/json_file.ts";
import {
  asJson,
  firstDifference,
  hasFiles,
  readRecord,
  type RunIdentity,
} from "../run_folder.ts";

/**
 * What the arms of an arena have in common. Strategies and seeds aren't part of
 * it, as arms don't depend on each other (but for the uniform one).
 */
export interface ArenaIdentity extends Pick<RunIdentity, "suite" | "backend"> {
  /** Settings of every arm. */
  settings: Readonly<Record<string, unknown>>;
}

/** Name of the record in an arena's folder. */
const RECORD = "settings.json";

/**
 * Looks whether an arena may have its folder: a new one, or one with the same
 * settings, whose finished arms then count. Changes nothing.
 *
 * @returns Writes the record, if it isn't there: to be called when all that
 * the user may have got wrong was looked at.
 * @throws {RangeError} If the folder holds something else.
 */
export async function openArenaFolder(
  folder: string,
  identity: ArenaIdentity,
): Promise<() => Promise<void>> {
  const path = join(folder, RECORD);
  const before = await readRecord<unknown>(folder, RECORD, "arena");
  if (before === undefined) {
    if (await hasFiles(folder)) {
      throw new RangeError(
        `Cannot write to ${folder}: it holds files that are no arena; name another folder by --out`,
      );
    }
    return () => writeJson(path, identity);
  }
  const difference = firstDifference(asJson(identity), before);
  if (difference) {
    throw new RangeError(
      `Cannot write to ${folder}: it holds an arena with other settings (${difference}); remove it or name another folder by --out`,
    );
  }
  return () => Promise.resolve();
}

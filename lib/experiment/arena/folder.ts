import { join } from "node:path";
import { checkFolder } from "../../base/files/check_folder.ts";
import { exists } from "../../base/files/exists.ts";
import { hasFiles } from "../../base/files/has_files.ts";
import { writeJson } from "../../base/files/json_file.ts";
import { folderOf } from "../folder_name.ts";
import { settingsOfToday } from "../earlier_options.ts";
import { clearFolder } from "../replaced.ts";
import {
  asJson,
  firstDifference,
  readRecord,
  type RunIdentity,
} from "../run_folder.ts";
import { ARENA_RESULT } from "./result.ts";

/**
 * What the arms of an arena have in common. Strategies and seeds aren't part of
 * it, as arms don't depend on each other (but for the uniform one).
 */
export interface ArenaIdentity
  extends Pick<RunIdentity, "suite" | "backend" | "mined"> {
  /** Settings of every arm. */
  settings: Readonly<Record<string, unknown>>;
}

/** Name of the record in an arena's folder. */
const RECORD = "settings.json";

/** What an arena writes beside the folders of its seeds, the record first. */
const CONTENT = [RECORD, ARENA_RESULT, "report.html"];

/**
 * The folder that the name of an arena's stands for; see {@linkcode folderOf}.
 *
 * @param name The name.
 * @param identity The arena.
 */
export async function arenaFolder(
  name: string,
  identity: ArenaIdentity,
): Promise<string> {
  return await folderOf(name, {
    suite: identity.suite.name,
    holdsSame: async (folder) => {
      const before = await recordIn(folder, identity)
        .catch(() => undefined); // damaged: not this one
      return before !== undefined &&
        firstDifference(asJson(identity), before) === undefined;
    },
  });
}

/**
 * Looks whether an arena may have its folder: a new one, or one with the same
 * settings, whose finished arms then count. Changes nothing.
 *
 * @param folder The folder.
 * @param options `identity`: the arena; `force`: whether one with other settings, or a
 * finished one, may be replaced.
 * @returns Makes room and writes the record: to be called when all that the user
 * may have got wrong was looked at.
 * @throws {RangeError} If the folder holds something else.
 */
export async function openArenaFolder(
  folder: string,
  { identity, force }: { identity: ArenaIdentity; force: boolean },
): Promise<() => Promise<void>> {
  const before = await recordIn(folder, identity);
  if (before === undefined && await hasFiles(folder)) {
    throw new RangeError(
      `Cannot write to ${folder}: it contains files that don't belong to ` +
        "an arena; choose another folder with --out",
    );
  }
  const difference = before === undefined
    ? undefined
    : firstDifference(asJson(identity), before);
  if (difference && !force) {
    throw new RangeError(
      `Cannot write to ${folder}: it holds an arena with other settings ` +
        `(${difference}); choose another folder with --out, or replace it ` +
        "with --force",
    );
  }
  await checkFolder(folder);
  const finished = await exists(join(folder, ARENA_RESULT));
  return async () => {
    if (before !== undefined && !difference && !(force && finished)) return;
    await clearFolder(folder, [...CONTENT, ...await seedFolders(folder)], {
      keep: finished,
    });
    await writeJson(join(folder, RECORD), identity);
  };
}

/** The record in a folder, as this version would have written it. */
async function recordIn(
  folder: string,
  { settings }: ArenaIdentity,
): Promise<unknown> {
  const before = await readRecord<Partial<ArenaIdentity>>(
    folder,
    RECORD,
    "arena",
  );
  if (!before?.settings) return before;
  return { ...before, settings: settingsOfToday(before.settings, settings) };
}

/** Names of the folders of the seeds that an arena was run with. */
async function seedFolders(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^seed-\d+$/.test(name)) names.push(name);
  }
  return names;
}

import { join } from "node:path";
import { checkFolder } from "../../base/files/check_folder.ts";
import { exists } from "../../base/files/exists.ts";
import { hasFiles } from "../../base/files/has_files.ts";
import { writeJson } from "../../base/files/json_file.ts";
import type { TextLengths } from "../stages/cut_texts.ts";
import { folderOf } from "../folder_name.ts";
import { settingsOfToday } from "../earlier_options.ts";
import { type OpenLengths, recordedLengths } from "../settled_lengths.ts";
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
  extends Pick<RunIdentity, "suite" | "backend" | "mined" | "pool"> {
  /** Settings of every arm. */
  settings: Readonly<Record<string, unknown>>;
  /** As in `run.json`; absent from arenas of an earlier version. */
  lengths?: TextLengths;
}

/** Name of the record in an arena's folder. */
const RECORD = "settings.json";

/** What an arena writes beside the folders of its seeds, the record first. */
const CONTENT = [RECORD, ARENA_RESULT, "report.html"];

/** An arena and its folder. */
export interface ArenaPlace {
  /** The folder. */
  folder: string;
  /** What the arms have in common. */
  identity: ArenaIdentity;
  /** Whether an arena of an earlier version, which goes on, is in the folder. */
  earlier: boolean;
}

/**
 * The folder that the name of an arena's stands for, see {@linkcode folderOf}; and
 * the arena with the lengths of the one in there where they were left out.
 *
 * @param name The name.
 * @param identity The arena.
 * @param options `open`: lengths that were left out; `force`: whether a finished one
 * is replaced.
 */
export async function arenaFolder(
  name: string,
  identity: ArenaIdentity,
  { open, force }: { open: OpenLengths; force: boolean },
): Promise<ArenaPlace> {
  const at = async (folder: string): Promise<ArenaPlace> => {
    const before = await recordIn(folder, identity)
      .catch(() => undefined); // damaged: said when it is opened
    if (!before || (force && await exists(join(folder, ARENA_RESULT)))) {
      return { folder, identity, earlier: false };
    }
    const earlier = before.lengths === undefined;
    const own = recordedLengths(before.settings, open, { earlier });
    const same = { ...identity, settings: { ...identity.settings, ...own } };
    return difference(same, before) === undefined
      ? { folder, identity: same, earlier }
      : { folder, identity, earlier: false };
  };
  const folder = await folderOf(name, {
    suite: identity.suite.name,
    holdsSame: async (folder) => {
      const { identity } = await at(folder);
      const before = await recordIn(folder, identity).catch(() => undefined);
      return before !== undefined && difference(identity, before) === undefined;
    },
  });
  return await at(folder);
}

/** In what two arenas differ; lengths follow from the settings and the model. */
function difference(
  { lengths: _, ...now }: ArenaIdentity,
  { lengths: __, ...before }: ArenaIdentity,
): string | undefined {
  return firstDifference(asJson(now), before);
}

/**
 * Looks whether an arena may have its folder: a new one, or one with the same
 * settings, whose finished arms then count. Changes nothing.
 *
 * @param folder The folder.
 * @param options `identity`: the arena; `force`: whether one with other settings, or a
 * finished one, may be replaced.
 * @returns Whether it is a new one, and what makes room and writes the record: to be
 * called when all that the user may have got wrong was looked at.
 * @throws {RangeError} If the folder holds something else.
 */
export async function openArenaFolder(
  folder: string,
  { identity, force }: { identity: ArenaIdentity; force: boolean },
): Promise<{ isNew: boolean; begin: () => Promise<void> }> {
  const before = await recordIn(folder, identity);
  if (before === undefined && await hasFiles(folder)) {
    throw new RangeError(
      `Cannot write to ${folder}: it contains files that don't belong to ` +
        "an arena; choose another folder with --out",
    );
  }
  const other = before && difference(identity, before);
  if (other && !force) {
    throw new RangeError(
      `Cannot write to ${folder}: it holds an arena with other settings ` +
        `(${other}); choose another folder with --out, or replace it ` +
        "with --force",
    );
  }
  await checkFolder(folder);
  const finished = await exists(join(folder, ARENA_RESULT));
  const isNew = before === undefined || other !== undefined ||
    (force && finished);
  const begin = async () => {
    if (!isNew) return;
    await clearFolder(folder, [
      ...CONTENT,
      ...(await seedsIn(folder)).map(seedFolder),
    ], {
      keep: finished,
    });
    await writeJson(join(folder, RECORD), identity);
  };
  return { isNew, begin };
}

/** The record in a folder, as this version would have written it. */
async function recordIn(
  folder: string,
  { settings }: ArenaIdentity,
): Promise<ArenaIdentity | undefined> {
  const before = await readRecord<Partial<ArenaIdentity>>(
    folder,
    RECORD,
    "arena",
  );
  if (!before?.settings) return before as ArenaIdentity | undefined;
  return {
    ...before as ArenaIdentity,
    settings: settingsOfToday(before.settings, settings),
  };
}

/** Name of the folder of a seed, within its arena's. */
export function seedFolder(seed: number): string {
  return `seed-${seed}`;
}

/** The seeds that an arena was run with, in order: those with a folder. */
export async function seedsIn(arena: string): Promise<number[]> {
  const seeds: number[] = [];
  for await (const { name, isFile } of Deno.readDir(arena)) {
    const [, seed] = /^seed-(\d+)$/.exec(name) ?? [];
    if (!isFile && seed !== undefined) seeds.push(Number(seed));
  }
  return seeds.sort((a, b) => a - b);
}

import { join } from "node:path";
import { isFile } from "../../base/files/exists.ts";
import { lockPath } from "../../base/files/lock_path.ts";
import { readReports } from "../../eval/mod.ts";
import { ARENA_RESULT } from "../arena/result.ts";
import { BASELINES } from "../arms.ts";
import { METRIC } from "../summary.ts";
import { readPart } from "./read_run.ts";

/** One run, training run or arena among others. */
export interface ListedRun {
  /** Its folder. */
  folder: string;
  /** What made it: `tdro run` (or `demo`), `tdro train`, `distil`, or `arena`. */
  kind: "run" | "train" | "distil" | "arena";
  /** Name of the suite; absent if the record is damaged. */
  suite?: string;
  /**
   * Whether it is at its end, a process is at work on it, it was stopped before its
   * end, or its files can't be read.
   */
  status: "finished" | "running" | "stopped" | "damaged";
  /** Mean nDCG@10 over the tasks, by arm or strategy; empty if not known (yet). */
  means: Record<string, number>;
  /** What is damaged. */
  damage?: string;
}

/** What tells a run, and an arena. */
const RECORDS = { run: "run.json", arena: "settings.json" } as const;

/** What a run's record calls its kind; `tdro run` has no name for its own. */
const KINDS: Readonly<Record<string, "train" | "distil">> = {
  retriever: "train",
  distil: "distil",
};

/** Folders below the one that was named are looked at so far down. */
const DEPTH = 3;

/**
 * Lists the runs, training runs and arenas in a folder and those below it, by name.
 *
 * @param folder The folder; it may be a run itself.
 * @throws {Deno.errors.NotFound} If there is no such folder.
 *
 * @example Usage
 * ```ts
 * import { listRuns } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(listRuns("no/such/folder"), /there is no such folder/);
 * ```
 */
export async function listRuns(folder: string): Promise<ListedRun[]> {
  const found: ListedRun[] = [];
  for await (const at of runFolders(folder, DEPTH)) {
    found.push(await listed(at));
  }
  return found;
}

/** Where a run is, and which. */
interface Place {
  folder: string;
  kind: keyof typeof RECORDS;
}

async function* runFolders(
  folder: string,
  depth: number,
): AsyncGenerator<Place> {
  for (const kind of ["run", "arena"] as const) {
    if (await isFile(join(folder, RECORDS[kind]))) {
      return yield { folder, kind };
    }
  }
  if (depth === 0) return;
  for (const name of await folderNames(folder)) {
    yield* runFolders(join(folder, name), depth - 1);
  }
}

async function folderNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      // Deno can't open what has a name that isn't UTF-8.
      const isNamed = !name.startsWith(".") && !name.includes("\uFFFD");
      if (isDirectory && isNamed) names.push(name);
    }
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) {
      throw new Deno.errors.NotFound(
        `Cannot list runs in ${folder}: there is no such folder; name the one that holds them`,
      );
    }
    throw error;
  }
  return names.sort(new Intl.Collator("en", { numeric: true }).compare);
}

async function listed({ folder, kind }: Place): Promise<ListedRun> {
  try {
    const one = await (kind === "run" ? readOne(folder) : readArena(folder));
    if (one.status !== "stopped") return one;
    return { ...one, status: await isHeld(folder) ? "running" : "stopped" };
  } catch (error) {
    // Of one that is damaged the others must not suffer.
    const damage = error instanceof Error ? error.message : `${error}`;
    return { folder, kind, status: "damaged", means: {}, damage };
  }
}

/** Whether a process has the folder: the lock is let go of at once. */
async function isHeld(folder: string): Promise<boolean> {
  const lock = await lockPath(join(folder, ".lock"));
  if (lock === "busy") return true;
  lock?.close();
  return false;
}

async function readOne(folder: string): Promise<ListedRun> {
  const record = await readPart(folder, RECORDS.run);
  if (!record) throw damaged(folder, RECORDS.run);
  const { suite, status, options } = record;
  const finished = status === "finished";
  const kind = KINDS[`${(options as { kind?: string }).kind}`] ?? "run";
  return {
    folder,
    kind,
    suite: suite.name,
    status: finished ? "finished" : "stopped",
    means: finished ? await meansOf(folder, kind) : {},
  };
}

function damaged(folder: string, name: string): SyntaxError {
  return new SyntaxError(
    `${join(folder, name)}:1: Cannot read the run: the record is damaged`,
  );
}

async function meansOf(
  folder: string,
  kind: "run" | "train" | "distil",
): Promise<Record<string, number>> {
  if (kind === "run") {
    const summary = await readPart(folder, "summary.json");
    if (summary) return { ...summary.mean };
    throw new SyntaxError(
      `Cannot read the run in ${folder}: summary.json is missing or damaged`,
    );
  }
  // There is none with --no-evaluate.
  const reports = Object.entries(await readReports(join(folder, "eval.json")));
  return Object.fromEntries(
    reports.filter(([name]) => !BASELINES.some((each) => each === name))
      .map(([arm, { mean }]) => [arm, mean[METRIC]!]),
  );
}

async function readArena(folder: string): Promise<ListedRun> {
  const identity = await readPart(folder, RECORDS.arena);
  if (!identity) throw damaged(folder, RECORDS.arena);
  const result = await readPart(folder, ARENA_RESULT);
  return {
    folder,
    kind: "arena",
    suite: identity.suite.name,
    status: result ? "finished" : "stopped",
    means: Object.fromEntries(
      (result?.strategies ?? []).map(({ name, mean }) => [name, mean]),
    ),
  };
}

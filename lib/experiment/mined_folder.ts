import { join } from "node:path";
import { isFile, isFolder } from "../base/files/exists.ts";
import { hashFile } from "../base/files/hash_file.ts";
import { readJsonIfThere } from "../base/files/json_file.ts";
import {
  type Passage,
  readTdroJsonl,
  type Suite,
  type Task,
  type TrainExample,
} from "../data/mod.ts";
import type { MineStatistics } from "../search/mod.ts";
import { taskHash } from "./run_folder.ts";
import { minedSchema } from "./stages/result_schemas.ts";

/** Where the hard negatives of a run come from, as `run.json` notes it. */
export interface MinedOrigin {
  /** SHA-256 of each task's training file. */
  files: Record<string, string>;
  /**
   * Settings of `tdro mine`; one in which the tasks differ is an object by their
   * names.
   */
  settings: Record<string, unknown>;
}

/** A folder that `tdro mine` wrote from a suite. */
export interface MinedFolder {
  /** The folder. */
  folder: string;
  /** What it holds, for the record. */
  origin: MinedOrigin;
  /** What mining did, by task name. */
  statistics: Record<string, MineStatistics>;
  /** The training rows of each task, with the suite's own passages. */
  rows(): Promise<TrainExample[][]>;
}

/** What was noted beside a task's training file. */
type MinedRecord = Awaited<ReturnType<typeof recordOf>>;

/**
 * Opens a folder that `tdro mine` wrote, and holds it to the suite: the file of
 * each task must be there, as it was written, and mined from the task as it is.
 *
 * @param folder The folder.
 * @param suite The tasks.
 * @throws {Deno.errors.NotFound} If the folder, or the file of a task, isn't there.
 * @throws {RangeError} If a file was changed since, or mined from other data.
 */
export async function openMinedFolder(
  folder: string,
  suite: Suite,
): Promise<MinedFolder> {
  const cannot = `Cannot train on the negatives in ${folder}`;
  if (!await isFolder(folder)) {
    throw new Deno.errors.NotFound(
      `${cannot}: there is no such folder; tdro mine --out ${folder} makes it`,
    );
  }
  const records: MinedRecord[] = [];
  for (const task of suite.tasks) {
    records.push(await recordOf(task, { folder, cannot }));
  }
  const byTask = <T>(of: (record: MinedRecord) => T) =>
    Object.fromEntries(
      suite.tasks.map(({ name }, k) => [name, of(records[k]!)]),
    );
  return {
    folder,
    origin: {
      files: byTask(({ sha256 }) => sha256),
      settings: commonSettings(byTask(({ settings }) => settings)),
    },
    statistics: byTask(({ statistics }) => statistics),
    rows: async () => {
      const rows: TrainExample[][] = [];
      for (const [domain, task] of suite.tasks.entries()) {
        const { by, written } = records[domain]!.settings;
        const isWritten = by === "llm" || written === true;
        rows.push(await rowsOf(task, { domain, folder, isWritten }));
      }
      return rows;
    },
  };
}

/** Looks at one task's file and its record. */
async function recordOf(
  task: Task,
  { folder, cannot }: { folder: string; cannot: string },
) {
  const name = `${task.name}.jsonl`;
  const path = join(folder, name);
  if (!await isFile(path)) {
    throw new Deno.errors.NotFound(
      `${cannot}: it has no ${name}; run tdro mine again with the same ` +
        "folder, or leave the task out with --tasks",
    );
  }
  const record = await readJsonIfThere(
    join(folder, `${task.name}.mined.json`),
    minedSchema,
  );
  const settings = record?.settings as Record<string, unknown> | undefined;
  const { sha256 } = await hashFile(path);
  const wrong = !record || !settings
    ? `wasn't mined by tdro (there is no ${task.name}.mined.json)`
    : record.sha256 !== sha256
    ? "was changed since it was mined"
    : settings.data !== await taskHash(task)
    ? "was mined from other data: the task's prompt, corpus, queries or judgments have changed since"
    : settings.split !== "train"
    ? `was mined for the ${settings.split} split, not for train`
    : undefined;
  if (wrong) {
    throw new RangeError(
      `${cannot}: ${name} ${wrong}; mine it from this suite, by tdro mine --force where it is in the way`,
    );
  }
  const statistics = record!.statistics as unknown as MineStatistics;
  return { sha256, settings: settings!, statistics };
}

/** What all tasks were mined with; the rest tells what they are themselves. */
function commonSettings(
  byTask: Record<string, Record<string, unknown>>,
): Record<string, unknown> {
  const [first = {}, ...others] = Object.values(byTask);
  const names = new Set(Object.values(byTask).flatMap(Object.keys));
  names.delete("data");
  names.delete("decisions");
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      others.every((other) =>
          JSON.stringify(other[name]) === JSON.stringify(first[name])
        )
        ? first[name]
        : Object.fromEntries(
          Object.entries(byTask).map(([task, own]) => [task, own[name]]),
        ),
    ]),
  );
}

/**
 * Titles are in the file's texts; the suite has them apart. A teacher's scores are in
 * the file alone, and so are passages that a language model wrote.
 */
async function rowsOf(
  task: Task,
  { domain, folder, isWritten }: {
    domain: number;
    folder: string;
    /** Whether passages may be in the file that aren't in the corpus. */
    isWritten: boolean;
  },
): Promise<TrainExample[]> {
  const rows: TrainExample[] = [];
  const file = join(folder, `${task.name}.jsonl`);
  const own = (passage: Passage): Passage => {
    const { id, score } = passage;
    const found = task.corpus.get(id) ?? (isWritten ? passage : undefined);
    if (!found) {
      throw new RangeError(
        `Cannot train on ${file}: passage ${
          JSON.stringify(id)
        } isn't in the task's corpus; mine it again`,
      );
    }
    return score === undefined ? found : { ...found, score };
  };
  for await (const row of readTdroJsonl(file, domain)) {
    rows.push({
      domain,
      query: task.queries.get(row.query.id)!,
      positives: row.positives.map(own),
      negatives: row.negatives.map(own),
    });
  }
  return rows;
}

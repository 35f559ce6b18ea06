import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { exists } from "../base/files/exists.ts";
import { hashFile } from "../base/files/hash_file.ts";
import { readJsonIfThere, writeJson } from "../base/files/json_file.ts";
import {
  type Passage,
  type SplitName,
  type Suite,
  type Task,
  type TrainExample,
  trainExamples,
  writeTdroJsonl,
} from "../data/mod.ts";
import type { MineStatistics, ScoreFunction } from "../search/mod.ts";
import type { MinedTask } from "./mine_task.ts";
import { asJson } from "./run_folder.ts";
import { minedSchema } from "./stages/result_schemas.ts";

/** What negatives depend on; `split` among it. */
type MineRecord = Readonly<Record<string, unknown>>;

/** A task's training file, there or to come. */
export interface MinedFile {
  /** What mining it did, if it is there. */
  statistics?: MineStatistics;
  /** Writes it, and its record. */
  write(mined: MinedTask): Promise<void>;
}

/**
 * Looks at the training file of a task.
 *
 * @param folder Its folder.
 * @param options `settings`: all that the negatives depend on; `force`: whether a
 * file with others is replaced.
 * @throws {RangeError} If there is one that may not be replaced.
 */
export async function openMinedFile(
  folder: string,
  { task, settings, force }: {
    task: Task;
    settings: MineRecord;
    force: boolean;
  },
): Promise<MinedFile> {
  const file = `${folder}/${task.name}.jsonl`;
  const record = `${folder}/${task.name}.mined.json`;
  // There while the two above are written.
  const mark = `${folder}/.${task.name}.mining.json`;
  const wanted = asJson(settings);
  const before = await readJsonIfThere(record, minedSchema);
  const settingsBefore = before && settingsOf(before.settings);
  const there = await exists(file);
  const isSame = isDeepStrictEqual(settingsBefore, wanted);
  const isWhole = there && before !== undefined &&
    [undefined, (await hashFile(file)).sha256].includes(before.sha256);
  const write = async (mined: MinedTask) => {
    await writeJson(mark, wanted, 0);
    await writeRows(file, { task, mined, split: settings.split as SplitName });
    const { sha256 } = await hashFile(file);
    const { statistics } = mined;
    await writeJson(record, { settings, statistics, sha256 });
    await Deno.remove(mark);
  };
  if (isSame && isWhole) {
    await Deno.remove(mark).catch(() => {}); // if it was stopped just before
    return {
      statistics: before!.statistics as unknown as MineStatistics,
      write,
    };
  }
  // Stopped between the two files, by this command.
  const isOwn = isDeepStrictEqual(
    await readJsonIfThere(mark, z.unknown()),
    wanted,
  );
  if (!there || isOwn || force) return { write };
  const why = before === undefined
    ? "wasn't mined by tdro"
    : isSame
    ? "was changed since it was mined"
    : "was mined with other settings or from other data";
  throw new RangeError(
    `Cannot resume in ${folder}: ${task.name}.jsonl ${why}; choose another ` +
      "folder with --out, or replace it with --force",
  );
}

/** Without lengths where no model has a use for them; once they were noted. */
function settingsOf(recorded: unknown): unknown {
  const { queryLength: _, passageLength: __, ...rest } = recorded as MineRecord;
  return rest.model === undefined ? rest : recorded;
}

/** What some task of a suite was mined with in a folder, if one was. */
export async function firstRecord(
  folder: string,
  { tasks }: Suite,
): Promise<MineRecord | undefined> {
  for (const { name } of tasks) {
    const path = `${folder}/${name}.mined.json`;
    const record = await readJsonIfThere(path, minedSchema);
    if (record) return record.settings as MineRecord;
  }
}

async function writeRows(
  file: string,
  { task, mined, split }: {
    task: Task;
    mined: MinedTask;
    split: SplitName;
  },
): Promise<void> {
  const [rows] = trainExamples({ name: task.name, tasks: [task] }, {
    split,
    negatives: [mined.negatives],
  });
  await writeTdroJsonl(
    file,
    mined.teacherScores ? await scored(rows!, mined.teacherScores) : rows!,
  );
}

/** The rows with the teacher's score of each passage. */
async function scored(
  rows: readonly TrainExample[],
  score: ScoreFunction,
): Promise<TrainExample[]> {
  const run = await score(
    rows.map(({ query }) => query),
    new Map(
      rows.map(({ query, positives, negatives }) => [
        query.id,
        [...positives, ...negatives].map(({ id }) => id),
      ]),
    ),
  );
  return rows.map((row) => {
    const scores = run.get(row.query.id)!;
    const own = (passages: readonly Passage[]) =>
      passages.map((each) => ({ ...each, score: scores.get(each.id)! }));
    return {
      ...row,
      positives: own(row.positives),
      negatives: own(row.negatives),
    };
  });
}

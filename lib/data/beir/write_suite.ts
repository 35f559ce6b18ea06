import { DATA_MARKS } from "./data_marks.ts";
import { checkColumnId } from "../trec/columns.ts";
import { SPLITS } from "../types.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import type { Suite, Task } from "../types.ts";
import { writeBeirQrels } from "./write_qrels.ts";
import {
  passageLine,
  queryLine,
  writeSuiteList,
  writeTaskInfo,
} from "./task_lines.ts";
import { checkTaskNames } from "./task_name.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/** Options of {@linkcode writeSuite}. */
export interface WriteSuiteOptions {
  /** Whether a folder that is there already may be replaced. @default {false} */
  overwrite?: boolean;
  /** Texts of more files to put into the folder, by name. @default {none} */
  files?: Readonly<Record<string, string>>;
}

/**
 * Writes a suite as a folder of task folders in BEIR form, with a `suite.json`
 * that keeps the order. The folder appears under its name only when whole, and
 * the same suite gives the same bytes. {@linkcode openSuite} reads it back
 * equal, but for a title `""`, which comes back as none.
 *
 * @param suite What to write.
 * @param folder Where to; the folders above it are made.
 * @param options Whether an old folder may be replaced.
 * @throws {RangeError} If the folder is there and `overwrite` is off, the suite
 * has no task, a name is no folder name or appears twice, an id holds a tab, line
 * end, NUL or lone surrogate, a key of a map isn't the id of its value, or a
 * judgment points nowhere or is no 32-bit integer.
 *
 * @example Usage
 * ```ts
 * import { openSuite, type Suite, writeSuite } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const suite: Suite = {
 *   name: "demo",
 *   tasks: [{
 *     name: "capitals", prompt: "Find the capital", language: "en", kind: "faq",
 *     license: "CC0-1.0", source: "",
 *     corpus: new Map([["p", { id: "p", text: "Paris is the capital of France." }]]),
 *     queries: new Map([["q", { id: "q", text: "capital of France" }]]),
 *     qrels: { train: new Map([["q", new Map([["p", 1]])]]) },
 *   }],
 * };
 * const folder = `${await Deno.makeTempDir()}/demo`;
 * await writeSuite(suite, folder);
 * assert.deepEqual(await openSuite(folder), suite);
 * await assert.rejects(writeSuite(suite, folder), RangeError); // it is there already
 * ```
 */
export async function writeSuite(
  suite: Suite,
  folder: string,
  { overwrite = false, files = {} }: WriteSuiteOptions = {},
): Promise<void> {
  checkSuite(suite, ["suite.json", ...Object.keys(files)]);
  await writeFolder(folder, {
    overwrite,
    what: `suite ${folder}`,
    marks: DATA_MARKS,
    async fill(partial) {
      for (const task of suite.tasks) {
        await writeTaskFiles(task, `${partial}/${task.name}`);
      }
      await writeSuiteList(partial, {
        name: suite.name,
        tasks: suite.tasks.map((t) => t.name),
      });
      for (const [name, text] of Object.entries(files)) {
        await writeWhole(`${partial}/${name}`, text);
      }
    },
  });
}

/** Writes the files of one task; {@linkcode checkTask} comes before. */
export async function writeTaskFiles(
  task: Task,
  folder: string,
): Promise<void> {
  const counts: Record<string, number> = { corpus: task.corpus.size };
  for (const split of SPLITS) {
    const qrels = task.qrels[split];
    if (!qrels) continue;
    counts[`queries_${split}`] = qrels.size;
    await writeBeirQrels(`${folder}/qrels/${split}.tsv`, qrels);
  }
  const passages = task.corpus.values().map(passageLine);
  await writeWhole(`${folder}/corpus.jsonl`, passages);
  await writeWhole(
    `${folder}/queries.jsonl`,
    task.queries.values().map(queryLine),
  );
  await writeTaskInfo(folder, { info: task, counts });
}

/** Throws at what {@linkcode openSuite} couldn't read back. */
function checkSuite(suite: Suite, files: readonly string[]): void {
  if (suite.tasks.length === 0) {
    throw new RangeError(
      `Cannot write suite ${JSON.stringify(suite.name)}: it has no task`,
    );
  }
  for (const task of suite.tasks) checkTask(task);
  checkTaskNames(suite.tasks.map(({ name }) => name), files);
}

function failure({ name }: Task, why: string): RangeError {
  return new RangeError(`Cannot write task ${JSON.stringify(name)}: ${why}`);
}

/** Throws at what {@linkcode openTask} couldn't read back. */
export function checkTask(task: Task): void {
  const { name, corpus, queries, qrels } = task;
  const fail = (why: string) => failure(task, why);
  checkTaskNames([name]);
  if (corpus.size === 0) throw fail("its corpus is empty");
  if (queries.size === 0) throw fail("it has no queries");
  for (const map of [corpus, queries]) {
    for (const [key, { id }] of map) {
      if (key !== id) {
        throw fail(
          `key ${JSON.stringify(key)} holds what has id ${JSON.stringify(id)}`,
        );
      }
      checkColumnId(id, `task ${JSON.stringify(name)}`, { blanks: true });
    }
  }
  let judged = 0;
  for (const split of Object.values(qrels)) {
    for (const [query, grades] of split) {
      if (!queries.has(query)) {
        throw fail(`query ${JSON.stringify(query)} is judged but not there`);
      }
      for (const passage of grades.keys()) {
        judged++;
        if (!corpus.has(passage)) {
          throw fail(
            `passage ${JSON.stringify(passage)} is judged but not there`,
          );
        }
      }
    }
  }
  if (judged === 0) throw fail("it has no judgment");
}

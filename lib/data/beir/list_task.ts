import { dirname, join, resolve } from "node:path";
import { lockPath } from "../../base/files/lock_path.ts";
import { exists } from "../../base/files/exists.ts";
import { readJson } from "../../base/files/json_file.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { isTaskFolder } from "./open_suite.ts";
import { readJsonFile, readTaskInfo } from "./task_folder.ts";
import { suiteFile } from "./schemas.ts";

/** How a task stands to the list of its suite. */
export type Listing =
  /** It was put at the end of the list. */
  | "added"
  /** The list has it. */
  | "listed"
  /** The suite has no list: it takes every folder. */
  | "no list"
  /** The folder holds no task, only folders of such, perhaps. */
  | "no task"
  /** Another process holds the list, so it is as it was. */
  | "busy";

/**
 * Puts a task at the end of the list in `suite.json`, where there is one: a suite
 * that lists its tasks takes up no other folder. The ids of the others stay.
 *
 * @param folder The task's folder, in that of the suite.
 * @returns What had to be done.
 * @throws {SyntaxError} If `suite.json` or `task.json` is malformed.
 *
 * @example Usage
 * ```ts
 * import { listTask } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/faq`);
 * await Deno.writeTextFile(`${folder}/faq/corpus.jsonl`, "");
 * assert.equal(await listTask(`${folder}/faq`), "no list");
 * await Deno.writeTextFile(`${folder}/suite.json`, `{"name": "mine", "tasks": ["nq"]}`);
 * assert.equal(await listTask(`${folder}/faq`), "added");
 * assert.equal(await listTask(`${folder}/faq`), "listed");
 * ```
 */
export async function listTask(folder: string): Promise<Listing> {
  const path = join(dirname(resolve(folder)), "suite.json");
  if (!await exists(path)) return "no list";
  if (!await isTaskFolder(folder)) return "no task";
  const { name } = await readTaskInfo(folder);
  const lock = await lockPath(path);
  if (!(lock instanceof Deno.FsFile)) return "busy";
  try {
    const { tasks } = (await readJsonFile(path, suiteFile))!;
    if (tasks.includes(name)) return "listed";
    // What else somebody wrote there stays.
    const all = await readJson(path, "put it back");
    const list = { ...all as object, tasks: [...tasks, name] };
    await writeWhole(path, `${JSON.stringify(list, null, 2)}\n`);
    return "added";
  } finally {
    lock.close();
  }
}

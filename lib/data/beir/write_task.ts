import { DATA_MARKS } from "./data_marks.ts";
import type { Task } from "../types.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import {
  checkTask,
  type WriteSuiteOptions,
  writeTaskFiles,
} from "./write_suite.ts";

/**
 * Writes one task as a folder in BEIR form, e.g. into the folder of a suite; it
 * appears under its name only when whole. `openTask` reads it back equal.
 *
 * @param task What to write.
 * @param folder Where to; the folders above it are made.
 * @param options Whether an old folder may be replaced; more files to put there.
 * @throws {RangeError} If the folder is there and `overwrite` is off, or the task
 * couldn't be read back; see `writeSuite`.
 *
 * @example Usage
 * ```ts
 * import { openTask, taskFromRows, writeTask } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ question: "When?", answer: "At nine." }];
 * const task = await taskFromRows(rows, { name: "faq" });
 * const folder = `${await Deno.makeTempDir()}/suite/faq`;
 * await writeTask(task, folder);
 * assert.deepEqual(await openTask(folder), task);
 * ```
 */
export async function writeTask(
  task: Task,
  folder: string,
  { overwrite = false, files = {} }: WriteSuiteOptions = {},
): Promise<void> {
  checkTask(task);
  await writeFolder(folder, {
    overwrite,
    what: `task ${folder}`,
    marks: DATA_MARKS,
    async fill(partial) {
      await writeTaskFiles(task, partial);
      for (const [name, text] of Object.entries(files)) {
        await writeWhole(`${partial}/${name}`, text);
      }
    },
  });
}

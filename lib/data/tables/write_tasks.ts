import { FolderSink } from "../assemble/folder_sink.ts";
import type { SuiteRow } from "../beir/suite_rows.ts";
import { writeSuiteList } from "../beir/task_lines.ts";
import { checkTaskNames } from "../beir/task_name.ts";
import { readTasks } from "./read_tasks.ts";
import type { Reading } from "./reading.ts";
import type { Table } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";

/** What {@linkcode writeTasks} writes. */
export interface WriteTasksOptions {
  options: ParsedTableTaskOptions;
  /** Name of the task, or of the suite. */
  name: string;
  source: string;
  /** Column that names the task of each row. @default {one task} */
  task?: string;
  /** Files that the folder is to hold beside. */
  files: readonly string[];
}

/** What was written. */
export interface WrittenTasks {
  tasks: SuiteRow[];
  reading: Reading;
}

/** Reads a table and writes it as it's read: a task's folder, or a suite's. */
export async function writeTasks(
  table: Table,
  folder: string,
  { options, name, source, task, files }: WriteTasksOptions,
): Promise<WrittenTasks> {
  if (task === undefined) checkTaskNames([name]);
  let count = 0;
  // Names of tasks are looked at when all are known, so theirs come later.
  const sink = () =>
    new FolderSink(task === undefined ? folder : `${folder}/.${count++}`);
  const read = await readTasks(table, options, { task, sink });
  if (task !== undefined) {
    checkTaskNames([...read.tasks.keys()], ["suite.json", ...files]);
  }
  const tasks: SuiteRow[] = [];
  for (const [key, { builder, sink }] of read.tasks) {
    const built = await builder.finish(task === undefined ? name : key, source);
    tasks.push(await sink.finish(built, tasks.length));
    if (task !== undefined) await Deno.rename(sink.folder, `${folder}/${key}`);
  }
  if (task !== undefined) {
    const names = tasks.map(({ task }) => task);
    await writeSuiteList(folder, { name, tasks: names });
  }
  return { tasks, reading: read.reading };
}

import type { Suite, Task, TaskInfo } from "../types.ts";
import { openTable, type OpenTableOptions } from "./open_table.ts";
import { checkNoFile, readOptionsOf } from "./read_options.ts";
import { MemorySink } from "../assemble/memory_sink.ts";
import { readTasks } from "./read_tasks.ts";
import { type RowSource, rowsTable } from "./rows_table.ts";
import type { Table } from "./table.ts";
import {
  parseTableTaskOptions,
  type TableTaskOptions,
} from "./table_options.ts";
import { sourceOf, tableName } from "./task_from_file.ts";
import { own } from "../../base/own.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options of {@linkcode suiteFromRows}. */
export interface SuiteFromRowsOptions extends TableTaskOptions {
  /** Column that names the task of each row. */
  task: string;
  /** What is known of single tasks, by name; the rest holds of all. */
  info?: Record<string, Partial<Omit<TaskInfo, "name">>>;
}

/** Options of {@linkcode suiteFromFile}. */
export interface SuiteFromFileOptions
  extends SuiteFromRowsOptions, OpenTableOptions {}

/**
 * Makes a suite out of rows of which one column names the task; see
 * {@linkcode taskFromRows}. Tasks come in the order in which they turn up.
 *
 * @param rows Objects with a key for each column.
 * @param options Columns, what is known of the tasks, and how to split.
 * @returns The suite.
 * @throws {RangeError} If a column isn't there or can't be guessed, an option is
 * out of range, or `info` names a task that no row has.
 * @throws {SyntaxError} If a row can't be used; the message says which and why.
 *
 * @example Usage
 * ```ts
 * import { suiteFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const suite = await suiteFromRows([
 *   { topic: "hours", question: "When?", answer: "At nine." },
 *   { topic: "place", question: "Where?", answer: "By the river." },
 * ], { task: "topic", info: { hours: { prompt: "Find the opening hours" } } });
 * assert.deepEqual(suite.tasks.map((task) => task.name), ["hours", "place"]);
 * ```
 */
export async function suiteFromRows(
  rows: RowSource,
  options: SuiteFromRowsOptions,
): Promise<Suite> {
  checkNoFile(options);
  const table = await rowsTable(rows);
  return await readSuite(table, options, {
    name: "suite",
    source: table.source,
  });
}

/**
 * {@linkcode suiteFromRows} on the rows of a file.
 *
 * @param path CSV, TSV, JSON lines, JSON or parquet file, or a folder.
 * @param options Columns, what is known of the tasks, and how to split.
 * @returns The suite, named after the file unless `name` says otherwise.
 * @throws {RangeError} As {@linkcode suiteFromRows}.
 * @throws {SyntaxError} As {@linkcode taskFromFile}.
 *
 * @example Usage
 * ```ts
 * import { suiteFromFile, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/faq.tsv`;
 * await writeWhole(path, "topic\tquestion\tanswer\nhours\tWhen?\tAt nine\n");
 * const suite = await suiteFromFile(path, { task: "topic" });
 * assert.equal(suite.tasks[0]!.name, "hours");
 * ```
 */
export async function suiteFromFile(
  path: string,
  { subset, ...options }: SuiteFromFileOptions,
): Promise<Suite> {
  const table = await openTable(path, {
    subset,
    ...readOptionsOf(options),
  });
  return await readSuite(table, options, {
    name: tableName(path),
    source: sourceOf(path),
  });
}

async function readSuite(
  table: Table,
  { task, info = {}, ...options }: SuiteFromRowsOptions,
  file: { name: string; source: string },
): Promise<Suite> {
  const parsed = parseTableTaskOptions(options);
  const { tasks: gathered } = await readTasks(table, parsed, {
    task,
    sink: () => new MemorySink(),
  });
  const stray = Object.keys(info).find((name) => !gathered.has(name));
  if (stray !== undefined) {
    throw new RangeError(
      `Cannot make a suite of ${file.source}: info names task ${
        JSON.stringify(stray)
      }, which no row has: tasks are ${[...gathered.keys()].join(", ")}`,
    );
  }
  const tasks: Task[] = [];
  for (const [name, { builder, sink }] of gathered) {
    const task = sink.task(await builder.finish(name, file.source));
    tasks.push(selfShowing({ ...task, ...own(info, name) }));
  }
  return selfShowing({ name: parsed.name ?? file.name, tasks });
}

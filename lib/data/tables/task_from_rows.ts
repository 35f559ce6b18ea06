import type { Task } from "../types.ts";
import { checkNoFile } from "./read_options.ts";
import { readTask } from "./read_task.ts";
import { type RowSource, rowsTable } from "./rows_table.ts";
import {
  parseTableTaskOptions,
  type TableTaskOptions,
} from "./table_options.ts";

export type { RowSource };

/**
 * Makes a task out of rows: pairs (a query and what answers it), triples (with
 * what doesn't), or pairs with grades or scores. Equal queries become one query
 * with all their passages, equal passages one passage; passages that don't
 * answer are judged 0, which is how training finds its hard negatives. Texts
 * lose the blanks around them.
 *
 * Rows may say which split they belong to. A split that no row names (dev, test)
 * is cut from the training queries, by lots that the query's text and the seed
 * decide; `dev: 0` or `test: 0` prevents that.
 *
 * @param rows Objects with a key for each column: an array, an Arquero table, or
 * a stream. Columns that no option names are guessed by their names.
 * @param options Columns, what is known of the task, and how to split.
 * @returns The task.
 * @throws {RangeError} If a column isn't there or can't be guessed, or an option
 * is out of range.
 * @throws {SyntaxError} If a row can't be used; the message says which and why.
 *
 * @example Usage
 * ```ts
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const task = await taskFromRows([
 *   { question: "When do you open?", answer: "At nine." },
 *   { question: "Opening hours?", answer: "At nine." },
 *   { question: "Where are you?", answer: "By the river." },
 * ], { name: "faq", dev: 0 });
 * assert.equal(task.corpus.size, 2);
 * assert.equal(task.qrels.train!.size + task.qrels.test!.size, 3);
 * ```
 */
export async function taskFromRows(
  rows: RowSource,
  options: TableTaskOptions = {},
): Promise<Task> {
  const parsed = parseTableTaskOptions(options);
  checkNoFile(options);
  const table = await rowsTable(rows);
  return await readTask(table, parsed, { name: "task", source: table.source });
}

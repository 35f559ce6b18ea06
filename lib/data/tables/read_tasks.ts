import { chooseColumns } from "./choose_columns.ts";
import { textOf } from "./cells.ts";
import { TaskBuilder } from "./task_builder.ts";
import type { Table } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";
import { own } from "../../base/own.ts";

/**
 * Reads a table into tasks: one for each value of the column `task`, or a single
 * one named `""`.
 */
export async function readTasks(
  table: Table,
  options: ParsedTableTaskOptions,
  task?: string,
): Promise<Map<string, TaskBuilder>> {
  const columns = chooseColumns(table.source, table.columns, options, [task]);
  const wanted = [
    columns.query,
    columns.passage,
    columns.title,
    columns.score,
    columns.split,
    columns.queryId,
    columns.passageId,
    task,
    ...columns.negatives,
  ].filter((name) => name !== undefined);
  const builders = new Map<string, TaskBuilder>();
  for await (const row of table.rows([...new Set(wanted)])) {
    const name = task === undefined ? "" : textOf(
      own(row.cells, task),
      row.where,
      task,
    );
    if (name === undefined) {
      throw new SyntaxError(
        `${row.where}: Cannot use the row: column ${
          JSON.stringify(task)
        } must name its task: got nothing`,
      );
    }
    let builder = builders.get(name);
    if (!builder) {
      builders.set(name, builder = new TaskBuilder(columns, options));
    }
    builder.add(row);
  }
  if (builders.size === 0) {
    // The builder says what is missing.
    new TaskBuilder(columns, options).finish(
      options.name ?? "task",
      table.source,
    );
  }
  return builders;
}

import {
  chooseColumns,
  type ChosenColumns,
  mayBeLabel,
} from "./choose_columns.ts";
import { textOf } from "./cells.ts";
import { ColumnWatch } from "./column_watch.ts";
import { Reading } from "./reading.ts";
import { type RowMaps, rowMaps, TaskBuilder } from "./task_builder.ts";
import type { Table, TableRow } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";
import { own } from "../../base/own.ts";

/** What {@linkcode readTasks} read. */
export interface ReadTasks {
  /** Task → what was put together of it. */
  builders: Map<string, TaskBuilder>;
  /** What was taken for what. */
  reading: Reading;
}

/**
 * Reads a table into tasks: one for each value of the column `task`, or a single
 * one named `""`.
 */
export async function readTasks(
  table: Table,
  options: ParsedTableTaskOptions,
  task?: string,
): Promise<ReadTasks> {
  const columns = chooseColumns(table.source, table.columns, options, [task]);
  checkClasses(table, { columns, options });
  const used = usedColumns(columns, task);
  const unused = table.columns.filter((name) => !used.includes(name));
  const watched = unused.filter((name) => !table.nested?.includes(name));
  const watch = new ColumnWatch(watched);
  const reading = new Reading({ table, columns, task, unused, watch });
  const maps = rowMaps(options);
  const builders = new Map<string, TaskBuilder>();
  for await (const row of table.rows([...used, ...watched])) {
    watch.add(row.cells);
    const name = task === undefined ? "" : taskOf(row, task);
    let builder = builders.get(name);
    if (!builder) {
      builder = new TaskBuilder({ columns, options, maps });
      builders.set(name, builder);
    }
    reading.add(row, { task: name, outcome: builder.add(row) });
  }
  if (builders.size === 0) {
    // The builder says what is missing.
    new TaskBuilder({ columns, options })
      .finish(options.name ?? "task", table.source);
  }
  checkAnswers(table.source, { options, columns, maps, watch, reading });
  for (const name of reading.emptyTasks()) builders.delete(name);
  return { builders, reading };
}

/** Asks what the classes of a label are worth: their numbers need be no grades. */
function checkClasses(
  { source, classes }: Table,
  { columns: { score }, options }: {
    columns: ChosenColumns;
    options: ParsedTableTaskOptions;
  },
): void {
  const names = score === undefined ? undefined : classes?.get(score);
  if (names === undefined || options.mapLabels) return;
  throw new RangeError(
    `Cannot make a task of ${source}: column ${
      JSON.stringify(score)
    } holds numbers of classes (${
      names.join(", ")
    }); say which grade each has by mapLabels (--map-labels ${
      names.map((name, i) => `${name.split(" ")[0]}=${i === 0 ? 1 : 0}`)
        .join(",")
    } or the like, none to leave rows out)`,
  );
}

/** All columns that something is read from. */
function usedColumns(
  { negatives, ...columns }: ChosenColumns,
  task: string | undefined,
): string[] {
  const names = [...Object.values(columns), task, ...negatives]
    .filter((name) => name !== undefined);
  return [...new Set(names)];
}

function taskOf(row: TableRow, column: string): string {
  const name = textOf(own(row.cells, column), row.where, column);
  if (name !== undefined) return name;
  throw new SyntaxError(
    `${row.where}: Cannot use the row: column ${
      JSON.stringify(column)
    } must name its task: got nothing`,
  );
}

/** Asks what only the rows show to be open, now that all were seen. */
function checkAnswers(
  source: string,
  { options, columns, maps, watch, reading }: {
    options: ParsedTableTaskOptions;
    columns: ChosenColumns;
    maps: RowMaps;
    watch: ColumnWatch;
    reading: Reading;
  },
): void {
  const perhaps = options.score === undefined && columns.negatives.length === 0
    ? watch.perhapsLabel()
    : undefined;
  if (perhaps) throw mayBeLabel(source, perhaps.column, perhaps.values);
  maps.splits.checkMet(source);
  if (options.score) maps.labels.checkMet(source);
  else if (options.mapLabels) {
    throw new RangeError(
      `Cannot make a task of ${source}: mapLabels (--map-labels) needs the column of the labels: name it with score (--score)`,
    );
  }
  const left = reading.onlyLeftOut();
  if (left === undefined) return;
  throw new RangeError(
    `Cannot make a task of ${source}: no row is left: ${left}`,
  );
}

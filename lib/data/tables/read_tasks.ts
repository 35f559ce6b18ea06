import {
  chooseColumns,
  type ChosenColumns,
  mayBeLabel,
  shellWord,
} from "./choose_columns.ts";
import { textOf } from "./cells.ts";
import { ColumnWatch } from "./column_watch.ts";
import { ListWatch } from "./list_watch.ts";
import { Reading } from "./reading.ts";
import {
  type RowMaps,
  rowMaps,
  TaskBuilder,
} from "../assemble/task_builder.ts";
import type { TaskSink } from "../assemble/task_sink.ts";
import type { Table, TableRow } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";
import { own } from "../../base/own.ts";

/** A task that is put together, and where its texts went. */
export interface Gathered<Sink> {
  builder: TaskBuilder;
  sink: Sink;
}

/** What {@linkcode readTasks} read. */
export interface ReadTasks<Sink> {
  /** The tasks by name. */
  tasks: Map<string, Gathered<Sink>>;
  /** What was taken for what. */
  reading: Reading;
}

/** How {@linkcode readTasks} reads. */
export interface ReadTasksOptions<Sink> {
  /** Column that names the task of each row. @default {one task named ""} */
  task?: string;
  /** Makes the place where the texts of a task go. */
  sink(): Sink;
}

/** Reads a table into tasks, one for each value of a column, or a single one. */
export async function readTasks<Sink extends TaskSink>(
  table: Table,
  options: ParsedTableTaskOptions,
  { task, sink: newSink }: ReadTasksOptions<Sink>,
): Promise<ReadTasks<Sink>> {
  const columns = chooseColumns(table, options, [task]);
  checkClasses(table, { columns, options });
  const used = usedColumns(columns, task)
    .filter((name) => table.columns.includes(name));
  const unused = table.columns.filter((name) => !used.includes(name));
  const watched = unused.filter((name) => !table.nested?.includes(name));
  const watch = new ColumnWatch(watched);
  const reading = new Reading({ table, columns, task, unused, watch });
  const { classes } = table;
  const maps = rowMaps(options, classes?.get(columns.score ?? ""));
  const tasks = new Map<string, Gathered<Sink>>();
  const lists = new ListWatch([
    columns.query,
    columns.passage,
    ...columns.negatives,
  ]);
  for await (const row of table.rows([...used, ...watched])) {
    watch.add(row.cells);
    lists.add(row.cells);
    const said = task === undefined ? "" : taskOf(row, task);
    const name = classes?.get(task ?? "")?.get(said) ?? said;
    let gathered = tasks.get(name);
    if (!gathered) {
      const sink = newSink();
      const builder = new TaskBuilder({ columns, options, maps, sink });
      tasks.set(name, gathered = { builder, sink });
    }
    const { builder, sink } = gathered;
    reading.add(row, { task: name, outcome: builder.add(row) });
    const written = sink.drain();
    if (written) await written;
  }
  if (tasks.size === 0) {
    // The builder says what is missing.
    await new TaskBuilder({ columns, options, sink: newSink() })
      .finish(options.name ?? "task", table.source);
  }
  lists.check(table.source);
  checkAnswers(table, { options, columns, maps, watch, reading });
  for (const name of reading.emptyTasks()) tasks.delete(name);
  return { tasks, reading };
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
  const said = [...names].map(([number, name]) => `${number} = ${name}`);
  const flags = [...names.values()].map((name, i) =>
    `${name}=${i === 0 ? 1 : 0}`
  );
  throw new RangeError(
    `Cannot make a task of ${source}: column ${
      JSON.stringify(score)
    } holds numbers of classes (${
      said.join(", ")
    }); say which grade each has by mapLabels (--map-labels ${
      shellWord(flags.join(","))
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
  { source, classes }: Table,
  { options, columns, maps, watch, reading }: {
    options: ParsedTableTaskOptions;
    columns: ChosenColumns;
    maps: RowMaps;
    watch: ColumnWatch;
    reading: Reading;
  },
): void {
  const perhaps = options.score === undefined &&
      columns.negatives.length === 0 && !reading.judged
    ? watch.perhapsLabel()
    : undefined;
  if (perhaps) {
    const { column, values = [] } = perhaps;
    const names = classes?.get(column);
    throw mayBeLabel(
      source,
      column,
      values.map((value) => names?.get(value) ?? value),
    );
  }
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

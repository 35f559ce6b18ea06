import type { ChosenColumns } from "./choose_columns.ts";
import type { ColumnWatch } from "./column_watch.ts";
import {
  NO_ROWS,
  type ReadSplit,
  type TakenColumns,
  type UnusedColumn,
} from "./import_record.ts";
import type { Table, TableRow } from "./table.ts";
import type { RowOutcome } from "../assemble/task_builder.ts";

/** What {@linkcode Reading} is told of the table. */
interface Told {
  table: Table;
  columns: ChosenColumns;
  task: string | undefined;
  /** Columns that nothing is read from. */
  unused: readonly string[];
  /** What is seen in them. */
  watch: ColumnWatch;
}

/** Keeps account of what is read from a table: which rows became what. */
export class Reading {
  readonly #told: Told;
  readonly #splits = new Map<string, ReadSplit>();
  readonly #files = new Map<string, number>();
  /** Task → rows that were used. */
  readonly #tasks = new Map<string, number>();
  readonly rows = { ...NO_ROWS };
  /** Whether cells of passages say which of them answer. */
  judged = false;

  constructor(told: Told) {
    this.#told = told;
  }

  /** Takes in what became of a row. */
  add(
    { file = "" }: TableRow,
    { task, outcome }: { task: string; outcome: RowOutcome },
  ): void {
    const { named, split, leftOut, unlabelled, judged } = outcome;
    if (judged) this.judged = true;
    this.rows.read++;
    if (leftOut) this.rows[leftOut]++;
    else this.rows.used++;
    if (unlabelled) this.rows.unlabelled++;
    this.#files.set(file, (this.#files.get(file) ?? 0) + 1);
    this.#tasks.set(task, (this.#tasks.get(task) ?? 0) + (leftOut ? 0 : 1));
    if (leftOut && leftOut !== "split") return;
    const takenAs = leftOut ? "none" : split ?? "drawn";
    const key = JSON.stringify([named, takenAs]);
    const known = this.#splits.get(key);
    if (known) known.rows++;
    else {
      this.#splits.set(key, {
        ...named !== undefined && { split: named },
        takenAs,
        rows: 1,
      });
    }
  }

  /** Which split was taken for which, in the order in which they turned up. */
  splits(): ReadSplit[] {
    return [...this.#splits.values()];
  }

  /** Rows of a file; of the only one, if it has no name. */
  rowsOf(file: string): number {
    return this.#files.get(file) ?? this.#files.get("") ?? 0;
  }

  /** Which columns were taken for what. */
  columns(): TakenColumns {
    const { columns, task } = this.#told;
    return { ...columns, ...task !== undefined && { task } };
  }

  /** Columns that nothing was read from. */
  unusedColumns(): UnusedColumn[] {
    const { unused, watch } = this.#told;
    const seen = watch.columns();
    return unused.map((name) =>
      seen.find(({ column }) => column === name) ?? { column: name }
    );
  }

  /** Tasks all rows of which were left out by a split or label. */
  emptyTasks(): string[] {
    if (this.rows.split + this.rows.label === 0) return [];
    return [...this.#tasks].filter(([name, used]) => used === 0 && name !== "")
      .map(([name]) => name);
  }

  /** Why no row is left, where splits or labels are the reason. */
  onlyLeftOut(): string | undefined {
    const { used, split, label } = this.rows;
    if (used > 0 || split + label === 0) return undefined;
    const names = this.splits().map((row) => row.split ?? "");
    return split > 0
      ? `${split} are of splits that are no training, development or test data as far as names say (${
        names.map((name) => JSON.stringify(name)).join(", ")
      }); say what they are by mapSplits (--map-splits ${names[0]}=train)`
      : `mapLabels (--map-labels) leaves all ${label} out`;
  }
}

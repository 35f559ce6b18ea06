/** One row of a table, with where it stands, for error messages. */
export interface TableRow {
  /** Where it stands, e.g. `"faq.csv:12"`. */
  where: string;
  /** Column name → cell. */
  cells: Record<string, unknown>;
  /** The part of the data that its file is named after, e.g. `"train"`. */
  split?: string;
}

/** A table that is read row by row; see {@linkcode openTable}. */
export interface Table {
  /** Where it comes from, for error messages. */
  source: string;
  /** Names of its columns. */
  columns: string[];
  /**
   * What was found out about its files, and what was left out of them, e.g.
   * `"column 1 without a name left out"`. @default {none}
   */
  notes?: string[];
  /**
   * Reads the rows, each time from the beginning.
   *
   * @param columns Columns that are wanted, if not all of them; parquet reads
   * no others.
   */
  rows(columns?: readonly string[]): AsyncIterable<TableRow>;
}

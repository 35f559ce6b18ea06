import type { ClassNames } from "./class_names.ts";

/** One row of a table, with where it stands, for error messages. */
export interface TableRow {
  /** Where it stands, e.g. `"faq.csv:12"`. */
  where: string;
  /** Column name → cell. */
  cells: Record<string, unknown>;
  /** The part of the data that its file is said to be, e.g. `"validation"`. */
  split?: string;
  /** Its file's path in the folder, where the table is one of several files. */
  file?: string;
}

/** A file of a table. */
export interface TableFile {
  /** Where it lies, to be opened. */
  path: string;
  /** Its path in the data set's folder; the file's name if there is none. */
  name: string;
  /** The part of the data that it is said to be. */
  split?: string;
  /** Whether it says which files to read, instead of holding rows. */
  card?: boolean;
}

/** A file that was left out of a table, and why. */
export interface UnusedFile {
  /** Its path in the data set's folder. */
  name: string;
  /** Why it wasn't read, as words after its name. */
  why: string;
}

/** A table that is read row by row; see {@linkcode openTable}. */
export interface Table {
  /** Where it comes from, for error messages. */
  source: string;
  /** Names of its columns. */
  columns: string[];
  /** Columns whose cells are known to be lists or objects. @default {none} */
  nested?: string[];
  /** Columns of numbers that stand for classes, with their names. @default {none} */
  classes?: ReadonlyMap<string, ClassNames>;
  /** The files that its rows come from. @default {the source} */
  files?: TableFile[];
  /** Files beside them that were left out. @default {none} */
  unusedFiles?: UnusedFile[];
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

/**
 * What every function of this room takes instead of an array: anything that
 * behaves like an Arquero table, of whatever Arquero version.
 */
export interface TableLike {
  /** Names of the columns, in order. */
  columnNames(): string[];
  /** The rows as plain objects. */
  objects(): object[];
}

/** Rows: an array of plain objects, or an Arquero table with those columns. */
export type Rows<Row extends object = object> = readonly Row[] | TableLike;

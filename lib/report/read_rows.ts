import type { Rows, TableLike } from "./rows.ts";

/** A row whose fields aren't known. */
export type AnyRow = Record<string, unknown>;

/** Whether a value behaves like an Arquero table. */
export function isTable(value: unknown): value is TableLike {
  const table = value as Partial<TableLike> | null;
  return typeof table === "object" && table !== null &&
    typeof table.columnNames === "function" &&
    typeof table.objects === "function";
}

/** Whether a value is a plain object (what a row looks like). */
export function isPlainObject(value: unknown): value is AnyRow {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Names of the columns (in order of first appearance) and the rows. */
export function readRows(
  rows: Rows,
  action: string,
): { columns: string[]; rows: AnyRow[] } {
  if (isTable(rows)) {
    return { columns: rows.columnNames(), rows: rows.objects() as AnyRow[] };
  }
  if (!Array.isArray(rows)) {
    throw new RangeError(
      `Cannot ${action}: it takes an array of rows or an Arquero table: got ${
        rows === null ? "null" : typeof rows
      }`,
    );
  }
  const columns = new Set<string>();
  for (const [index, row] of rows.entries()) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new RangeError(
        `Cannot ${action}: row ${index} must be an object: got ${
          Array.isArray(row) ? "an array" : String(row)
        }`,
      );
    }
    for (const name of Object.keys(row)) columns.add(name);
  }
  return { columns: [...columns], rows: rows as AnyRow[] };
}

/** As {@linkcode readRows}, for what makes no sense without a row. */
export function needRows(rows: Rows, action: string): AnyRow[] {
  const list = readRows(rows, action).rows;
  if (list.length === 0) {
    throw new RangeError(
      `Cannot ${action}: there are no rows; give at least one`,
    );
  }
  return list;
}

/** Where a row stands and what it's read for, for error messages. */
export interface RowPlace {
  /** Index of the row. */
  index: number;
  /** What is being done, after "Cannot". */
  action: string;
}

/** As {@linkcode RowPlace}, for a number. */
export interface NumberPlace extends RowPlace {
  /** The least and the largest number that will do. By default any. */
  range?: readonly [number, number];
}

/** The text in a field. */
export function textField(
  row: AnyRow,
  field: string,
  { index, action }: RowPlace,
): string {
  const value = row[field];
  if (typeof value === "string" && value !== "") return value;
  throw new RangeError(
    `Cannot ${action}: row ${index}: "${field}" must be a text that is not empty: got ${
      show(value)
    }`,
  );
}

/** The number in a field, or null where it's null, undefined or absent. */
export function numberField(
  row: AnyRow,
  field: string,
  { index, action, range = [-Infinity, Infinity] }: NumberPlace,
): number | null {
  const value = row[field];
  if (value === null || value === undefined) return null;
  const [low, high] = range;
  if (
    typeof value === "number" && Number.isFinite(value) && value >= low &&
    value <= high
  ) return value;
  const wanted = low === -Infinity
    ? "a finite number"
    : high === Infinity
    ? `a finite number of at least ${low}`
    : `in [${low}, ${high}]`;
  throw new RangeError(
    `Cannot ${action}: row ${index}: "${field}" must be ${wanted}, or null if unknown: got ${
      show(value)
    }`,
  );
}

/** As {@linkcode numberField}, where null won't do. */
export function needNumber(
  row: AnyRow,
  field: string,
  place: NumberPlace,
): number {
  const value = numberField(row, field, place);
  if (value !== null) return value;
  throw new RangeError(
    `Cannot ${place.action}: row ${place.index}: "${field}" is missing; every row needs it`,
  );
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

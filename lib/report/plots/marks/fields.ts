import {
  type AnyRow,
  needNumber,
  needRows,
  numberField,
  type RowPlace,
  textField,
} from "../../read_rows.ts";
import type { Rows } from "../../rows.ts";

/** What a field of a row must hold. */
export type Field =
  | { kind: "text" }
  | { kind: "number"; range?: readonly [number, number]; maybe: boolean }
  | { kind: "maybe text" };

/** A text that is not empty. */
export const TEXT = { kind: "text" } as const;
/** A text, or nothing. */
export const MAYBE_TEXT = { kind: "maybe text" } as const;

/** A number in a range. */
export function number(
  low = -Infinity,
  high = Infinity,
): { kind: "number"; range: readonly [number, number]; maybe: false } {
  return { kind: "number", range: [low, high], maybe: false };
}

/** A number in a range, or nothing. */
export function maybe(
  low = -Infinity,
  high = Infinity,
): { kind: "number"; range: readonly [number, number]; maybe: true } {
  return { kind: "number", range: [low, high], maybe: true };
}

/** Rows as {@linkcode readFields} gives them. */
export type CheckedRow<Fields extends Record<string, Field>> = {
  [Name in keyof Fields]: Fields[Name] extends { kind: "text" } ? string
    : Fields[Name] extends { kind: "maybe text" } ? string | null
    : Fields[Name] extends { maybe: false } ? number
    : number | null;
};

/** The fields of the rows that a plot needs, checked; at least one row. */
export function readFields<const Fields extends Record<string, Field>>(
  rows: Rows,
  action: string,
  fields: Fields,
): CheckedRow<Fields>[] {
  const entries = Object.entries(fields);
  return needRows(rows, action).map((row, index) =>
    Object.fromEntries(
      entries.map(([name, field]) => [
        name,
        readField(row, name, { field, index, action }),
      ]),
    ) as CheckedRow<Fields>
  );
}

function readField(
  row: AnyRow,
  name: string,
  { field, index, action }: RowPlace & { field: Field },
): unknown {
  if (field.kind === "number") {
    const reader = field.maybe ? numberField : needNumber;
    return reader(row, name, { index, action, range: field.range });
  }
  const absent = row[name] === undefined || row[name] === null;
  if (field.kind === "maybe text" && absent) return null;
  return textField(row, name, { index, action });
}

/** Refuses rows of which two have the same name. */
export function refuseTwice<Name extends string>(
  rows: readonly Record<Name, string>[],
  field: Name,
  action: string,
): void {
  const seen = new Set<string>();
  for (const row of rows) {
    if (seen.has(row[field])) {
      throw new RangeError(
        `Cannot ${action}: ${field} ${
          JSON.stringify(row[field])
        } appears twice; give one row a ${field}`,
      );
    }
    seen.add(row[field]);
  }
}

/** Refuses an interval that lacks an end, or whose ends are the wrong way. */
export function refuseHalfIntervals(
  rows: readonly { low: number | null; high: number | null }[],
  action: string,
): void {
  for (const [i, { low, high }] of rows.entries()) {
    if (low === null && high === null) continue;
    if (low !== null && high !== null && low <= high) continue;
    throw new RangeError(
      `Cannot ${action}: row ${i}: "low" and "high" must be the two ends of an interval, or both be absent: got ${low} and ${high}`,
    );
  }
}

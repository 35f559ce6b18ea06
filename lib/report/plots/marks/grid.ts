import { own } from "../../../base/own.ts";
import { readRows } from "../../read_rows.ts";
import type { Rows } from "../../rows.ts";

/** Options that all renderings of a table share. */
export interface TableOptions {
  /**
   * Most body rows to show; what is left out is said below the table.
   * @default {50}
   */
  maxRows?: number;
  /**
   * Digits after the point in columns that hold a number that is not whole.
   * @default {4}
   */
  digits?: number;
  /**
   * Digits of single columns, by name, also where all is whole. @default {as
   * digits}
   */
  columnDigits?: Readonly<Record<string, number>>;
  /** What stands over a column, from its name. @default {its name} */
  heading?: (name: string) => string;
  /**
   * Most characters of a cell; a longer one ends in `…`.
   * @default {200}
   */
  maxChars?: number;
  /**
   * How many rows at the end are a summary: they are set apart, always shown,
   * and stay at the end when a reader sorts. By default 1 if the last row's
   * first cell is `mean` (as {@linkcode resultsTable} makes it), else 0.
   */
  footRows?: number;
}

/** One column of a table made ready for print. */
export interface GridColumn {
  /** Its heading: the name as given, if nothing else is to stand there. */
  name: string;
  /** Whether every known value is a number. */
  numeric: boolean;
}

/** One cell made ready for print. */
export interface GridCell {
  /** What to print; not escaped for any format. */
  text: string;
  /** The number behind the text, for sorting; null otherwise. */
  number: number | null;
  /** Whether the value is unknown (null, undefined or absent). */
  empty: boolean;
}

/** A table made ready for print, whatever the format. */
export interface Grid {
  /** The columns. */
  columns: GridColumn[];
  /** Body rows, capped. */
  body: GridCell[][];
  /** Summary rows. */
  foot: GridCell[][];
  /** How many body rows the cap left out. */
  hidden: number;
}

/** What stands for an unknown value. */
export const UNKNOWN = "–";

/** Brings rows into the form that every rendering of a table starts from. */
export function makeGrid(
  table: Rows,
  action: string,
  {
    maxRows = 50,
    digits = 4,
    columnDigits = {},
    heading = (name) => name,
    maxChars = 200,
    footRows,
  }: TableOptions = {},
): Grid {
  checkCount("maxRows", maxRows, { action });
  for (const count of [digits, ...Object.values(columnDigits)]) {
    checkCount("digits", count, { action, most: 20 });
  }
  checkCount("maxChars", maxChars, { action });
  const { columns, rows } = readRows(table, action);
  const last = rows.at(-1);
  const foot = footRows ??
    (columns.length > 0 && last?.[columns[0]!] === "mean" ? 1 : 0);
  checkCount("footRows", foot, { action, most: rows.length });
  const bodyRows = rows.slice(0, rows.length - foot);
  const shown = bodyRows.slice(0, maxRows);
  const footer = rows.slice(rows.length - foot);
  const formats = columns.map((name) => {
    const values = [...shown, ...footer].map((row) => row[name])
      .filter((value) => value !== null && value !== undefined);
    const numeric = values.length > 0 &&
      values.every((v) => typeof v === "number" || typeof v === "bigint");
    const whole = values.every((v) =>
      typeof v === "bigint" || Number.isInteger(v)
    );
    // A column of differences reads wrongly without its plus signs.
    return {
      digits: own(columnDigits, name) ?? (whole ? 0 : digits),
      signed: /Diff$|^difference$|^Δ /.test(name),
      numeric,
    };
  });
  const cells = (row: Record<string, unknown>): GridCell[] =>
    columns.map((name, c) => {
      const value = row[name];
      return {
        text: clip(formatCell(value, formats[c]!), maxChars),
        number: typeof value === "number" || typeof value === "bigint"
          ? Number(value)
          : null,
        empty: value === null || value === undefined,
      };
    });
  return {
    columns: columns.map((name, c) => ({
      name: heading(name),
      numeric: formats[c]!.numeric,
    })),
    body: shown.map(cells),
    foot: footer.map(cells),
    hidden: bodyRows.length - shown.length,
  };
}

/** What is said where rows were left out. */
export function hiddenNote(grid: Grid): string {
  return `… ${grid.hidden} more ${grid.hidden === 1 ? "row" : "rows"}`;
}

function formatCell(
  value: unknown,
  format: { digits: number; signed: boolean },
): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === "number") {
    const text = formatNumber(value, format.digits);
    return format.signed && value > 0 ? `+${text}` : text;
  }
  if (typeof value === "string") return value;
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  }
  if (typeof value === "object") {
    try {
      return JSON.stringify(value) ?? String(value);
    } catch { // a cycle, or a bigint inside
      return Object.prototype.toString.call(value);
    }
  }
  return String(value);
}

/**
 * A number with a fixed count of digits, so that a column lines up, with the minus
 * sign of our sentences and plots.
 */
export function formatNumber(value: number, digits: number): string {
  return fixedNumber(value, digits).replaceAll("-", "−");
}

function fixedNumber(value: number, digits: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value) && digits === 0) {
    return String(value);
  }
  // A small number that would read as zero says its size instead.
  if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -digits) {
    return value.toExponential(1);
  }
  return value.toFixed(digits);
}

function clip(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const points = [...text];
  return points.length <= maxChars
    ? text
    : `${points.slice(0, Math.max(0, maxChars - 1)).join("")}…`;
}

function checkCount(
  name: string,
  value: number,
  { action, most = Infinity }: { action: string; most?: number },
): void {
  if (value === Infinity && most === Infinity) return;
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(
    `Cannot ${action}: ${name} must be a whole number${
      most === Infinity ? " of at least 0" : ` from 0 to ${most}`
    }: got ${value}`,
  );
}

import { safeJson } from "../escape.ts";

/**
 * Rows as CSV (RFC 4180: quotes doubled, lines end in CRLF), numbers in full.
 * An unknown value is an empty field.
 */
export function toCsv(
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
): string {
  const lines = [
    columns,
    ...rows.map((row) => columns.map((name) => fieldText(row[name]))),
  ];
  return lines.map((fields) => fields.map(quote).join(",") + "\r\n").join("");
}

function fieldText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "" : value.toISOString();
  }
  return typeof value === "object" ? safeJson(value) : String(value);
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

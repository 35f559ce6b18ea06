import type { Rows, TextTableOptions } from "../../report/mod.ts";
import type { Io } from "../io.ts";

/** Draws a table for whoever is looking. */
export type DrawTable = (rows: Rows, options?: TextTableOptions) => string;

/**
 * How a command draws tables: as wide as the terminal at most, nothing cut, headings
 * in words. A table's columns are named as `--json` has them.
 */
export async function tablesFor(
  { columns }: Pick<Io, "columns">,
): Promise<DrawTable> {
  const { textTable } = await import("../../report/tables/text_table.ts");
  const { columnHeading } = await import(
    "../../report/tables/column_heading.ts"
  );
  const look = {
    width: Math.max(40, columns),
    maxRows: Infinity,
    maxChars: Infinity,
    heading: columnHeading,
  };
  return (rows, options) => textTable(rows, { ...look, ...options });
}

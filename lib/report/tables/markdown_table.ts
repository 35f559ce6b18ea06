import {
  hiddenNote,
  makeGrid,
  type TableOptions,
} from "../plots/marks/grid.ts";
import type { Rows } from "../rows.ts";
import { printable } from "../../base/printable.ts";

/**
 * Writes a table as GitHub-flavoured Markdown, for a README. Whatever a cell
 * holds is shown as it is: HTML and Markdown marks are escaped.
 *
 * @param table Rows, or an Arquero table.
 * @param options How much to show; `maxRows` has no bound by default. Summary
 * rows are set in bold.
 * @returns Lines joined by `\n`, without one at the end.
 * @throws {RangeError} If an option is out of range or a row isn't an object.
 *
 * @example Usage
 * ```ts
 * import { markdownTable } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   markdownTable([{ task: "a|b", weight: 0.25 }], { digits: 2 }),
 *   "| task | weight |\n| :-- | --: |\n| a\\|b | 0.25 |",
 * );
 * ```
 */
export function markdownTable(table: Rows, options: TableOptions = {}): string {
  const grid = makeGrid(table, "write a Markdown table", {
    maxRows: Infinity,
    ...options,
  });
  if (grid.columns.length === 0) return "(no columns)";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = [
    line(grid.columns.map((column) => escape(column.name))),
    line(grid.columns.map((column) => column.numeric ? "--:" : ":--")),
    ...grid.body.map((row) => line(row.map((cell) => escape(cell.text)))),
    ...grid.foot.map((row) =>
      line(row.map((cell) => {
        const text = escape(cell.text);
        return cell.empty || text.trim() === "" ? text : `**${text}**`;
      }))
    ),
  ];
  if (grid.hidden > 0) lines.push("", hiddenNote(grid));
  return lines.join("\n");
}

function escape(text: string): string {
  return printable(text)
    .replace(/[\\`*_[\]~|]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

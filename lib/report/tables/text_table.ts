import {
  hiddenNote,
  makeGrid,
  type TableOptions,
} from "../plots/marks/grid.ts";
import type { Rows } from "../rows.ts";
import { printable } from "../../base/printable.ts";
import { displayWidth } from "../notebook/terminal.ts";

/**
 * Draws a table as aligned plain text for a terminal: numbers to the right,
 * texts to the left, `–` for what is unknown, `+` before gains in columns whose
 * name ends in `Diff`. Chinese, Japanese and Korean characters count as two
 * cells; control characters are made visible, so a name can't move the cursor.
 *
 * @param table Rows, or an Arquero table.
 * @param options How much to show.
 * @returns Lines joined by `\n`, without one at the end.
 * @throws {RangeError} If an option is out of range or a row isn't an object.
 *
 * @example Usage
 * ```ts
 * import { textTable } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const text = textTable([{ task: "dom-prose", weight: 0.25 }], { digits: 2 });
 * assert.equal(text, "task       weight\n---------  ------\ndom-prose    0.25");
 * ```
 */
export function textTable(table: Rows, options: TableOptions = {}): string {
  const grid = makeGrid(table, "print a table", { maxChars: 60, ...options });
  if (grid.columns.length === 0) return "(no columns)";
  const head = grid.columns.map((column) => printable(column.name));
  const body = grid.body.map((row) => row.map((cell) => printable(cell.text)));
  const foot = grid.foot.map((row) => row.map((cell) => printable(cell.text)));
  const widths = head.map((name, c) =>
    [...body, ...foot].reduce(
      (wide, row) => Math.max(wide, displayWidth(row[c]!)),
      displayWidth(name),
    )
  );
  const line = (cells: readonly string[]) =>
    cells.map((text, c) => {
      const gap = " ".repeat(widths[c]! - displayWidth(text));
      return grid.columns[c]!.numeric ? gap + text : text + gap;
    }).join("  ").trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const lines = [line(head), rule, ...body.map(line)];
  if (grid.hidden > 0) lines.push(hiddenNote(grid));
  if (foot.length > 0) lines.push(rule, ...foot.map(line));
  return lines.join("\n");
}

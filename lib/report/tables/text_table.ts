import {
  type Grid,
  hiddenNote,
  makeGrid,
  type TableOptions,
} from "../plots/marks/grid.ts";
import type { Rows } from "../rows.ts";
import { printable } from "../../base/printable.ts";
import { displayWidth } from "../notebook/terminal.ts";
import { fitColumns, type TextColumn } from "./fit_columns.ts";
import { wrapCells } from "./wrap_cells.ts";

/** Options for {@linkcode textTable}. */
export interface TextTableOptions extends TableOptions {
  /**
   * Cells of a line, e.g. 80. In a wider table texts are broken over several lines;
   * what is then still too much comes below, beside the first texts again.
   * @default {Infinity}
   */
  width?: number;
}

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
export function textTable(
  table: Rows,
  { width = Infinity, ...options }: TextTableOptions = {},
): string {
  if (!(width >= 20)) {
    throw new RangeError(
      `Cannot print a table: width must be at least 20 cells: got ${width}`,
    );
  }
  const grid = makeGrid(table, "print a table", { maxChars: 60, ...options });
  if (grid.columns.length === 0) return "(no columns)";
  return fitColumns(columnsOf(grid), width)
    .map((columns) => drawn(columns, grid))
    .join("\n\n");
}

function columnsOf({ columns, body, foot }: Grid): TextColumn[] {
  return columns.map(({ name, numeric }, c) => ({
    name: printable(name),
    numeric,
    cells: [...body, ...foot].map((row) => printable(row[c]!.text)),
  }));
}

/** Columns side by side, each with the cells that it may take. */
function drawn(
  columns: readonly (TextColumn & { width: number })[],
  grid: Grid,
): string {
  const lines = (cells: readonly string[]): string[] => {
    const broken = cells.map((text, c) =>
      wrapCells(text, columns[c]!.width, hang(c))
    );
    const height = Math.max(...broken.map((cell) => cell.length));
    return Array.from(
      { length: height },
      (_, l) =>
        columns.map(({ numeric, width }, c) => {
          const text = broken[c]![l] ?? "";
          // Some signs take more together than one by one.
          const gap = " ".repeat(Math.max(0, width - displayWidth(text)));
          return numeric ? gap + text : text + gap;
        }).join("  ").trimEnd(),
    );
  };
  // At the very left a broken text could pass for a line of somebody else's.
  const hang = (c: number) => c === 0 && !columns[c]!.numeric ? 2 : 0;
  const row = (r: number) => lines(columns.map(({ cells }) => cells[r]!));
  const rule = columns.map(({ width }) => "-".repeat(width)).join("  ");
  const shown = grid.body.length;
  return [
    ...lines(columns.map(({ name }) => name)),
    rule,
    ...grid.body.flatMap((_, r) => row(r)),
    ...grid.hidden > 0 ? [hiddenNote(grid)] : [],
    ...grid.foot.length > 0
      ? [rule, ...grid.foot.flatMap((_, r) => row(shown + r))]
      : [],
  ].join("\n");
}

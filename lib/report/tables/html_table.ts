import {
  type GridCell,
  hiddenNote,
  makeGrid,
  type TableOptions,
} from "../plots/marks/grid.ts";
import type { Rows } from "../rows.ts";
import { escapeHtml } from "../escape.ts";

/** Options for {@linkcode htmlTable}. */
export interface HtmlTableOptions extends TableOptions {
  /** What the table shows; a screen reader says it first. */
  caption?: string;
  /**
   * Aligns by inline style too. Jupyter's own style sheet sets every cell to the
   * right, texts as well, and overrides the attribute alone. @default {false}
   */
  inlineStyle?: boolean;
}

/**
 * Writes a table as HTML: a caption, header cells with their scope, numbers
 * to the right, everything escaped, rows capped. Unless asked for, no style and
 * no script come along, so it fits into any page.
 *
 * @param table Rows, or an Arquero table.
 * @param options How much to show, and the caption.
 * @returns A `<table>` element.
 * @throws {RangeError} If an option is out of range or a row isn't an object.
 *
 * @example Usage
 * ```ts
 * import { htmlTable } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const html = htmlTable([{ task: "<b>" }], { caption: "Tasks" });
 * assert(html.includes("<caption>Tasks</caption>"));
 * assert(html.includes("&lt;b&gt;") && !html.includes("<b>"));
 * ```
 */
export function htmlTable(
  table: Rows,
  { caption, inlineStyle = false, ...options }: HtmlTableOptions = {},
): string {
  const align = inlineStyle ? styledAlign : plainAlign;
  const grid = makeGrid(table, "write an HTML table", options);
  const cell = (content: GridCell, c: number) => {
    const text = escapeHtml(content.text);
    const numeric = grid.columns[c]!.numeric;
    // A first column of texts names its rows.
    if (c === 0 && !numeric) {
      return `<th scope="row"${align(false)}>${text}</th>`;
    }
    // The full number, so that sorting doesn't depend on the digits shown.
    const value = content.number === null
      ? ""
      : ` data-value="${content.number}"`;
    return `<td${align(numeric)}${value}>${text}</td>`;
  };
  const row = (cells: GridCell[]) => `<tr>${cells.map(cell).join("")}</tr>`;
  const head = grid.columns.map((column) =>
    `<th scope="col"${align(column.numeric)}>${escapeHtml(column.name)}</th>`
  ).join("");
  const note = grid.hidden > 0
    ? `<tr><td colspan="${grid.columns.length}">${hiddenNote(grid)}</td></tr>`
    : "";
  const foot = note + grid.foot.map(row).join("\n");
  const lines = ["<table>"];
  if (caption !== undefined) {
    lines.push(`<caption>${escapeHtml(caption)}</caption>`);
  }
  lines.push(`<thead><tr>${head}</tr></thead>`);
  lines.push("<tbody>", ...grid.body.map(row), "</tbody>");
  if (foot !== "") lines.push(`<tfoot>${foot}</tfoot>`);
  lines.push("</table>");
  return lines.join("\n");
}

/**
 * Presentational attribute instead of a style: it survives front ends and
 * security policies that drop inline styles.
 */
function plainAlign(numeric: boolean): string {
  return ` align="${numeric ? "right" : "left"}"`;
}

function styledAlign(numeric: boolean): string {
  const side = numeric ? "right" : "left";
  return ` align="${side}" style="text-align: ${side}"`;
}

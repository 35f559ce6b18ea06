import { displayWidth } from "../notebook/terminal.ts";
import { longestWord } from "./wrap_cells.ts";

/** A column of a table, as texts. */
export interface TextColumn {
  /** What stands over it. */
  name: string;
  /** Whether it holds numbers, which are never broken. */
  numeric: boolean;
  /** Its cells, summary rows at the end. */
  cells: string[];
}

/** A column, and the cells of a line that it takes. */
export type FittedColumn = TextColumn & { width: number };

/** Cells between two columns. */
const GAP = 2;

/** A text is broken into no shorter lines than this. */
const SHORTEST = 20;

/**
 * Makes a table fit a line. Headings and texts are broken where that is enough;
 * otherwise the columns are dealt out to parts that come one below the other. Those
 * after the first begin with the first column of texts, which tells the rows apart.
 *
 * @param columns The table, at least one column.
 * @param line Cells of a line; `Infinity` keeps it all in one part, unbroken.
 * @returns The parts.
 */
export function fitColumns(
  columns: readonly TextColumn[],
  line: number,
): FittedColumn[][] {
  const needs = columns.map((column) => need(column, line));
  const total = (widths: readonly number[]) =>
    widths.reduce((sum, width) => sum + width + GAP, -GAP);
  if (total(needs.map(({ whole }) => whole)) <= line) {
    return [
      columns.map((column, c) => ({ ...column, width: needs[c]!.whole })),
    ];
  }
  const label = Math.max(0, columns.findIndex(({ numeric }) => !numeric));
  const parts: number[][] = [[]];
  for (let c = 0; c < columns.length; c++) {
    const part = parts.at(-1)!;
    const least = total([...part, c].map((k) => needs[k]!.least));
    if (least <= line || part.length === 0) part.push(c);
    else parts.push(c === label ? [c] : [label, c]);
  }
  return parts.map((part) => {
    const widths = spread(part.map((c) => needs[c]!), line);
    return part.map((c, k) => ({ ...columns[c]!, width: widths[k]! }));
  });
}

/** Cells that a column takes unbroken, and at least. */
interface Need {
  whole: number;
  least: number;
}

function need({ name, numeric, cells }: TextColumn, line: number): Need {
  const widest = cells.reduce((w, cell) => Math.max(w, displayWidth(cell)), 0);
  const whole = Math.max(displayWidth(name), widest);
  const word = longestWord(name);
  if (numeric) return { whole, least: Math.max(word, widest) };
  const words = cells.reduce((w, cell) => Math.max(w, longestWord(cell)), word);
  const least = Math.min(whole, Math.max(SHORTEST, words));
  // Two columns must fit, whatever is in them; then words are broken too.
  return { whole, least: Math.min(least, Math.floor((line - GAP) / 2)) };
}

/**
 * Shares out what is left of the line: each column gets as much as any other, unless
 * it wants less.
 */
function spread(needs: readonly Need[], line: number): number[] {
  const widths = needs.map(({ least }) => least);
  let left = line - widths.reduce((sum, width) => sum + width + GAP, -GAP);
  const wants = needs.map(({ whole, least }, k) => ({ k, more: whole - least }))
    .sort((a, b) => a.more - b.more);
  wants.forEach(({ k, more }, served) => {
    const share = Math.floor(Math.max(0, left) / (wants.length - served));
    widths[k]! += Math.min(more, share);
    left -= Math.min(more, share);
  });
  return widths;
}

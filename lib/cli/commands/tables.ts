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
  const look = {
    width: Math.max(40, columns),
    maxRows: Infinity,
    maxChars: Infinity,
    heading,
  };
  return (rows, options) => textTable(rows, { ...look, ...options });
}

/** Headings that say more than the words of their names. */
const HEADINGS: Readonly<Record<string, string>> = {
  Diff: "b − a",
  pHolm: "p (Holm)",
  low: "95 % from",
  high: "to",
  seedDeviation: "spread of seeds",
};

/** `passageLength` → `passage length`, `reweightedDiff` → `Δ reweighted`. */
export function heading(name: string): string {
  if (Object.hasOwn(HEADINGS, name)) return HEADINGS[name]!;
  const [, arm] = /^([a-z]\w*)Diff$/.exec(name) ?? [];
  if (arm !== undefined) return `Δ ${arm}`;
  // Anything else, such as nDCG@10, is no name of ours.
  if (!/^[a-z]+([A-Z][a-z]+)+$/.test(name)) return name;
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

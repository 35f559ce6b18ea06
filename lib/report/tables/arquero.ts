// Must come first: it holds arquero's dependency at this version for people who
// import the package too. Their projects don't read our lock file, and 2.7.0
// needs a package that not every registry has.
import "@uwdata/flechette";
export { type ColumnTable, table } from "arquero";
import { type ColumnTable, table } from "arquero";

/** A table with the columns that any of the rows has, in order of appearance. */
export function tableOf(rows: readonly object[]): ColumnTable {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return table([...names].map((name): [string, unknown[]] => [
    name,
    rows.map((row) => (row as Record<string, unknown>)[name] ?? null),
  ]));
}

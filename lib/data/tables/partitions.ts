import type { Table } from "./table.ts";

/** Stands for nothing. */
const NOTHING = "__HIVE_DEFAULT_PARTITION__";

/**
 * A table with the columns that the folders of its file hold (`split=test/a.parquet`),
 * as pyarrow, Spark and Hive write them.
 *
 * @param path Path of the file in the data set's folder.
 */
export function withPartitions(table: Table, path: string): Table {
  const held = new Map(
    path.split("/").slice(0, -1).flatMap((folder) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(folder) ?? [];
      if (name === undefined || table.columns.includes(name)) return [];
      return [[name, value === NOTHING ? null : decoded(value!)] as const];
    }),
  );
  if (held.size === 0) return table;
  const names = [...held.keys()];
  return {
    ...table,
    columns: [...table.columns, ...names],
    notes: [
      ...table.notes ?? [],
      ...names.map((name) => `its folder says ${JSON.stringify(name)}`),
    ],
    async *rows(wanted) {
      const own = wanted?.filter((name) => !held.has(name));
      const added = Object.fromEntries(
        [...held].filter(([name]) => wanted?.includes(name) ?? true),
      );
      for await (const row of table.rows(own)) {
        yield { ...row, cells: { ...row.cells, ...added } };
      }
    },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

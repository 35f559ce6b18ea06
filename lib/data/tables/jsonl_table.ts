import { z } from "zod";
import { readJsonl } from "../beir/read_jsonl.ts";
import { SAY_IT } from "./csv_format.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";
import { named } from "../../base/named.ts";

const line = named(z.unknown());

/** Rows that are looked at to learn the columns: a line may leave some out. */
export const HEAD = 100;

/** Opens a file with a JSON object on each line. */
export async function openJsonl(
  path: string,
  { encoding }: ReadTableOptions = {},
): Promise<Table> {
  const rows = () => readRows(path, encoding);
  return { source: path, columns: await firstColumns(rows()), rows };
}

/** The keys of the first rows. */
export async function firstColumns(
  rows: AsyncIterable<TableRow>,
): Promise<string[]> {
  const columns = new Set<string>();
  let count = 0;
  for await (const { cells } of rows) {
    for (const key of Object.keys(cells)) columns.add(key);
    if (++count === HEAD) break;
  }
  return [...columns];
}

async function* readRows(
  path: string,
  encoding: string | undefined,
): AsyncGenerator<TableRow> {
  const options = { exact: true, encoding, mend: SAY_IT };
  for await (const { line: number, value } of readJsonl(path, line, options)) {
    yield { where: `${path}:${number}`, cells: value };
  }
}

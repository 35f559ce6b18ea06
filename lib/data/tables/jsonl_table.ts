import { z } from "zod";
import { readJsonl } from "../beir/read_jsonl.ts";
import { SAY_IT } from "./csv_format.ts";
import type { ReadTableOptions } from "./read_options.ts";
import type { Table, TableRow } from "./table.ts";
import { named } from "../../base/named.ts";

const line = named(z.unknown());

/** Opens a file with a JSON object on each line. */
export async function openJsonl(
  path: string,
  { encoding }: ReadTableOptions = {},
): Promise<Table> {
  const rows = () => readRows(path, encoding);
  return { source: path, columns: await allColumns(rows()), rows };
}

/** The keys of all rows: one may turn up in the last row only. */
export async function allColumns(
  rows: AsyncIterable<TableRow>,
): Promise<string[]> {
  const columns = new Set<string>();
  for await (const { cells } of rows) {
    for (const key of Object.keys(cells)) columns.add(key);
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

import { z } from "zod";
import { readJsonl } from "../beir/read_jsonl.ts";
import type { Table, TableRow } from "./table.ts";
import { columnsOf } from "./columns_of.ts";
import { named } from "../../base/named.ts";
import { readUnpacked } from "../../base/files/unpacked.ts";
import { jsonValue } from "../../base/json_value.ts";

const line = named(z.unknown());

/** Opens a file with a JSON object on each line. */
export async function openJsonl(path: string): Promise<Table> {
  const head: Record<string, unknown>[] = [];
  for await (const { value } of readJsonl(path, line, { exact: true })) {
    if (head.push(value) === HEAD) break;
  }
  const columns = columnsOf(head);
  return { source: path, columns, rows: () => readRows(path) };
}

/** Rows that are looked at to learn the columns: a line may leave some out. */
export const HEAD = 100;

async function* readRows(path: string): AsyncGenerator<TableRow> {
  for await (
    const { line: number, value } of readJsonl(path, line, { exact: true })
  ) {
    yield { where: `${path}:${number}`, cells: value };
  }
}

/** Opens a file that is one JSON list of objects; it is read as a whole. */
export async function openJson(path: string): Promise<Table> {
  const text = await readUnpacked(path);
  let value: unknown;
  try {
    value = jsonValue(text, { exact: true });
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path} as JSON: ${
        (error as Error).message
      }; name a file with an object on each line .jsonl`,
    );
  }
  // The form of the data sets library: {"data": […]}.
  const list = (value as { data?: unknown } | null)?.data ?? value;
  const rows = z.array(line).safeParse(list);
  if (!rows.success) {
    throw new SyntaxError(
      `Cannot read ${path} as a table: it must be a list of objects`,
    );
  }
  return {
    source: path,
    columns: columnsOf(rows.data.slice(0, HEAD)),
    async *rows() {
      let number = 0;
      for (const cells of rows.data) {
        yield { where: `${path}: row ${++number}`, cells };
      }
    },
  };
}

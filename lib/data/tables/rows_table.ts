import { columnsOf } from "./columns_of.ts";
import type { Table } from "./table.ts";

/**
 * Rows as objects: an array, an Arquero table, or a stream of objects.
 */
export type RowSource = Iterable<object> | AsyncIterable<object>;

/** Rows in memory, or coming in: a column may be first heard of in the last. */
export async function rowsTable(rows: RowSource): Promise<Table> {
  const all = await Array.fromAsync(iterate(rows));
  return {
    source: "the rows",
    columns: columnsOf(all),
    async *rows() {
      let number = 0;
      for (const cells of all) yield { where: `row ${++number}`, cells };
    },
  };
}

async function* iterate(
  rows: RowSource,
): AsyncGenerator<Record<string, unknown>> {
  let number = 0;
  for await (const row of rows as AsyncIterable<object>) {
    number++;
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new RangeError(
        `Cannot use row ${number}: it must be an object with a key for each column: got ${
          Array.isArray(row) ? "a list" : String(row)
        }`,
      );
    }
    yield row as Record<string, unknown>;
  }
}

import { columnsOf } from "./columns_of.ts";
import { HEAD } from "./jsonl_table.ts";
import type { Table } from "./table.ts";

/**
 * Rows as objects: an array, an Arquero table, or a stream of objects.
 */
export type RowSource = Iterable<object> | AsyncIterable<object>;

/** Rows in memory, or coming in, as a table that can be read once. */
export async function rowsTable(rows: RowSource): Promise<Table> {
  const iterator = iterate(rows);
  const head: Record<string, unknown>[] = [];
  let next = await iterator.next();
  while (!next.done && head.push(next.value) < HEAD) {
    next = await iterator.next();
  }
  return {
    source: "the rows",
    columns: columnsOf(head),
    async *rows() {
      let number = 0;
      for (const cells of head) yield { where: `row ${++number}`, cells };
      for await (const cells of iterator) {
        yield { where: `row ${++number}`, cells };
      }
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

import assert from "node:assert/strict";
import { openTable, type OpenTableOptions } from "../../../lib/data/mod.ts";
import { inTempFolder } from "../_folders.ts";
import { python, WITHOUT_LIBRARIES } from "./_python.ts";

/** What Python says that a file holds. */
interface Written {
  file: string;
  options: OpenTableOptions;
  columns: string[];
  rows: unknown[][];
}

/** Tables of each form. */
const COUNT = Deno.env.get("TDRO_TABLES") ?? "25";

function write(folder: string, seed: string): Promise<Written[]> {
  const args = [folder, COUNT, seed];
  return python("_write_tables.py", { args, home: folder }) as Promise<
    Written[]
  >;
}

/** A cell as Python tells it: integers as text, nothing as null. */
function told(cell: unknown, wanted: unknown): unknown {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === "bigint") return `${cell}`;
  if (typeof cell === "number") {
    return typeof wanted === "string" ? `${cell}` : cell;
  }
  if (Array.isArray(cell)) {
    return cell.map((item, i) => told(item, (wanted as unknown[])?.[i]));
  }
  if (typeof cell !== "object") return cell;
  const held = wanted as Record<string, unknown> | null;
  return Object.fromEntries(
    Object.entries(cell).map(([key, value]) => [key, told(value, held?.[key])]),
  );
}

for (const seed of ["1", "2"]) {
  Deno.test({
    name:
      `what pandas, pyarrow and datasets write is read as it was, seed ${seed}`,
    ignore: WITHOUT_LIBRARIES,
    fn: () =>
      inTempFolder(async (folder) => {
        const all = await write(folder, seed);
        assert.ok(all.length > 4 * Number(COUNT));
        for (const { file, options, columns, rows } of all) {
          const where = `${file} ${JSON.stringify(options)}`;
          const table = await openTable(`${folder}/${file}`, options);
          assert.deepEqual(table.columns, columns, where);
          const found = await Array.fromAsync(table.rows());
          assert.deepEqual(
            found.map(({ cells }, i) =>
              columns.map((name, k) => told(cells[name], rows[i]?.[k]))
            ),
            rows,
            where,
          );
        }
      }),
  });
}

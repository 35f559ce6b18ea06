import { LANCEDB_VERSION } from "../lance/lance_index.ts";
import { loadPackage } from "./load_package.ts";
import type { OpenStoreOptions } from "./open_vector_store.ts";
import { idOf, storedId } from "./stored_id.ts";
import {
  type StoredVector,
  type StoreEngine,
  type VectorStore,
  vectorStore,
} from "./vector_store.ts";

/** The part of a table of LanceDB that is used here. */
interface LanceTable {
  // deno-lint-ignore no-explicit-any
  mergeInsert(on: string): any;
  // deno-lint-ignore no-explicit-any
  query(): any;
  // deno-lint-ignore no-explicit-any
  schema(): Promise<any>;
  countRows(): Promise<number>;
  createIndex(column: string, options: unknown): Promise<unknown>;
  delete(where: string): Promise<unknown>;
  close(): void;
}

/** Name of the table that says where a table's vectors come from. */
const sourceTable = (table: string) => `${table}_source`;

/** Fewest vectors that LanceDB's index can be trained on. */
const FEWEST_INDEXED = 256;

/** A table of LanceDB, in a folder or an object store. */
export async function openLance(
  address: string,
  { table: name = "passages", source, create = true }: OpenStoreOptions,
): Promise<VectorStore> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new RangeError(
      `Cannot open the store: LanceDB's names of tables must consist of letters, digits, ".", "-" and "_": got ${
        JSON.stringify(name)
      }`,
    );
  }
  const lancedb = await loadPackage(
    `npm:@lancedb/lancedb@${LANCEDB_VERSION}`,
    "LanceDB",
  );
  const db = await lancedb.connect(address);
  const names: string[] = await db.tableNames();
  let table: LanceTable | undefined;
  if (names.includes(name)) {
    if (source !== undefined) {
      const rows = names.includes(sourceTable(name))
        ? await (await db.openTable(sourceTable(name))).query().toArray()
        : [];
      if (rows[0]?.id !== storedId(source)) {
        throw new RangeError(
          `Cannot open the store: the vectors of table ${
            JSON.stringify(name)
          } are of another model, or made otherwise; name another table`,
        );
      }
    }
    table = await db.openTable(name);
  } else if (!create) {
    throw new Deno.errors.NotFound(
      `Cannot open the store: there is no table ${
        JSON.stringify(name)
      } of vectors; tdro embed makes one`,
    );
  }
  const made = async (rows: unknown[]): Promise<LanceTable> => {
    await db.createTable(
      sourceTable(name),
      [{ id: storedId(source ?? "") }],
      { mode: "overwrite" },
    );
    return await db.createTable(name, rows);
  };
  return vectorStore(
    lanceEngine(
      table,
      made,
      () => lancedb.Index.ivfPq({ distanceType: "dot" }),
    ),
  );
}

function lanceEngine(
  table: LanceTable | undefined,
  make: (rows: unknown[]) => Promise<LanceTable>,
  index: () => unknown,
): StoreEngine {
  return {
    async dimension() {
      const fields = (await table?.schema())?.fields;
      return fields?.find((f: { name: string }) => f.name === "vector")
        ?.type.listSize;
    },
    async put(rows) {
      const stored = rows.map(({ id, vector }) => ({
        id: storedId(id),
        vector: Array.from(vector),
      }));
      if (!table) table = await make(stored);
      else {
        await table.mergeInsert("id").whenMatchedUpdateAll()
          .whenNotMatchedInsertAll().execute(stored);
      }
    },
    async missing(ids) {
      const there = new Set<string>();
      for (let at = 0; table && at < ids.length; at += 1000) {
        const rows = await table.query().select(["id"])
          .where(among(ids.slice(at, at + 1000))).toArray();
        for (const { id } of rows) there.add(id);
      }
      return ids.filter((id) => !there.has(storedId(id)));
    },
    async nearest(query, { limit, exact }) {
      if (!table) return [];
      let asked = table.query().nearestTo(query).distanceType("dot");
      asked = exact ? asked.bypassVectorIndex() : asked.refineFactor(1);
      const rows = await asked.select(["id", "vector", "_distance"])
        .limit(limit).toArray();
      return rows.map((row: { id: string; vector: Iterable<number> }) => ({
        id: idOf(row.id),
        vector: Float32Array.from(row.vector),
      })) as StoredVector[];
    },
    async buildIndex() {
      const count = await table?.countRows() ?? 0;
      if (count < FEWEST_INDEXED) return; // comparing all is as fast
      await table!.createIndex("vector", { config: index() });
    },
    count: () => table?.countRows() ?? Promise.resolve(0),
    async delete(ids) {
      for (let at = 0; table && at < ids.length; at += 1000) {
        await table.delete(among(ids.slice(at, at + 1000)));
      }
    },
    close() {
      table?.close();
      return Promise.resolve();
    },
  };
}

/** A condition in SQL that holds for these ids. */
function among(ids: readonly string[]): string {
  const texts = ids.map((id) => `'${storedId(id).replaceAll("'", "''")}'`);
  return `id in (${texts.join(", ")})`;
}

import { LANCEDB_VERSION } from "../lance/lance_index.ts";
import { dirname } from "node:path";
import { isHeld, takeLock } from "../../base/files/held_lock.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { loadPackage } from "../../base/load_package.ts";
import { inOneLine } from "./one_line.ts";
import { idOf, storedId } from "./stored_id.ts";
import {
  noTable,
  otherSource,
  type StoredVector,
  type StoreEngine,
  type VectorDatabase,
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

/**
 * A database of LanceDB, in a folder or an object store. Keys, region and address of
 * S3 are LanceDB's own variables: `AWS_ACCESS_KEY_ID` and so on.
 */
export async function lanceDatabase(address: string): Promise<VectorDatabase> {
  quieten();
  const lancedb = await loadPackage(
    `npm:@lancedb/lancedb@${LANCEDB_VERSION}`,
    "LanceDB",
  );
  // deno-lint-ignore no-explicit-any
  const connection: any = await inOneLine(lancedb, "LanceDB")
    .connect(address, { storageOptions: storageOptions() });
  const db = inOneLine(connection, "LanceDB");
  return {
    async table({ table: name = "passages", source, create = true } = {}) {
      checkName(name);
      const names: string[] = await db.tableNames();
      const isThere = names.includes(name);
      if (!isThere && !create) throw noTable(name);
      if (isThere && source !== undefined) {
        const rows = names.includes(sourceTable(name))
          ? await (await db.openTable(sourceTable(name))).query().toArray()
          : [];
        if (rows[0]?.id !== storedId(source)) throw otherSource(name);
      }
      const make = async (rows: unknown[]): Promise<LanceTable> => {
        await using _lock = await waitForLock(address);
        if ((await db.tableNames()).includes(name)) {
          const table = await db.openTable(name);
          await merge(table, rows);
          return table;
        }
        const note = [{ id: storedId(source ?? "") }];
        const how = { mode: "overwrite" };
        await db.createTable(sourceTable(name), note, how);
        return await db.createTable(name, rows);
      };
      const engine = lanceEngine(
        isThere ? await db.openTable(name) : undefined,
        make,
        () => lancedb.Index.ivfPq({ distanceType: "dot" }),
      );
      return vectorStore(inOneLine(engine, "LanceDB"));
    },
    close: async () => void await connection.close?.(),
  };
}

/**
 * LanceDB lets two make the same table at once, and the vectors of one are lost: in a
 * folder one waits for the other. An object store has no locks; there the last call
 * of `tdro embed`, without a shard, finds what is missing.
 */
async function waitForLock(address: string): Promise<AsyncDisposable> {
  if (address.includes("://")) return { async [Symbol.asyncDispose]() {} };
  await makeFolder(dirname(address));
  while (true) {
    const lock = await takeLock(`${address}.lock`);
    if (!isHeld(lock)) return lock;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** LanceDB logs what is no fault, as that a table is new, between our lines. */
function quieten(): void {
  if (Deno.env.get("LANCEDB_LOG") === undefined) {
    Deno.env.set("LANCEDB_LOG", "error");
  }
}

/** A server without TLS must be allowed apart from naming it. */
function storageOptions(): Record<string, string> {
  const endpoint = Deno.env.get("AWS_ENDPOINT_URL") ??
    Deno.env.get("AWS_ENDPOINT");
  return endpoint?.startsWith("http:") ? { allow_http: "true" } : {};
}

function checkName(name: string): void {
  if (/^[\w.-]+$/.test(name)) return;
  throw new RangeError(
    `Cannot open the store: LanceDB's names of tables must consist of letters, digits, ".", "-" and "_": got ${
      JSON.stringify(name)
    }`,
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
      if (table) await merge(table, stored);
      else table = await make(stored);
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

/** Puts rows in, in place of those of the same ids. */
function merge(table: LanceTable, rows: unknown[]): Promise<unknown> {
  return table.mergeInsert("id").whenMatchedUpdateAll()
    .whenNotMatchedInsertAll().execute(rows);
}

/** A condition in SQL that holds for these ids. */
function among(ids: readonly string[]): string {
  const texts = ids.map((id) => `'${storedId(id).replaceAll("'", "''")}'`);
  return `id in (${texts.join(", ")})`;
}

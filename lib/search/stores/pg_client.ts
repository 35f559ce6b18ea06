import { dirname } from "node:path";
import { isHeld, takeLock } from "../../base/files/held_lock.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { loadPackage } from "../../base/load_package.ts";
import { reasonOf } from "./one_line.ts";

/** PostgreSQL within the process, and a client for a server. */
export const PG_PACKAGES = {
  pglite: "npm:@electric-sql/pglite@0.4.6",
  vector: "npm:@electric-sql/pglite@0.4.6/vector",
  postgres: "npm:postgres@3.4.9",
} as const;

/** A row of an answer. */
export type PgRow = Record<string, unknown>;

/** One connection, in a transaction or not. */
export interface PgQueries {
  /** Runs a statement with values for $1, $2 and so on. */
  query(statement: string, values?: unknown[]): Promise<PgRow[]>;
}

/** A database of PostgreSQL with the extension vector. */
export interface PgClient extends PgQueries {
  /** Runs statements that hold together or not at all. */
  transaction<T>(work: (queries: PgQueries) => Promise<T>): Promise<T>;
  /** Ends the connection. */
  close(): Promise<void>;
}

/**
 * Connects to a database.
 *
 * @param address `postgres://…` of a server, or a folder for PostgreSQL within this
 * process; `memory://` keeps nothing.
 */
export async function openPg(address: string): Promise<PgClient> {
  const client = /^postgres(?:ql)?:\/\//.test(address)
    ? await openServer(address)
    : await openEmbedded(address);
  try {
    await client.query("select 1");
  } catch (error) {
    await client.close();
    throw new RangeError(
      `Cannot open the database: a server of PostgreSQL must answer at the address, and let you in: ${
        reasonOf(error)
      }; start it, see PGPASSWORD, or take a folder in place of the address`,
    );
  }
  try {
    await client.query("create extension if not exists vector");
    return client;
  } catch (error) {
    await client.close();
    throw new RangeError(
      `Cannot open the database: it must have the extension vector (pgvector): ${
        reasonOf(error)
      }; install it on the server, or take a folder in place of the address`,
    );
  }
}

async function openEmbedded(folder: string): Promise<PgClient> {
  if (folder.startsWith("memory://")) return await openPglite(folder);
  // PGlite has no lock of its own, and two in one folder would destroy it.
  await makeFolder(dirname(folder));
  const lock = await takeLock(`${folder}.lock`);
  if (isHeld(lock)) {
    throw new RangeError(
      `Cannot open the database ${folder}: ${lock.who} has it; wait until it has finished, or use a server of PostgreSQL`,
    );
  }
  try {
    const client = await openPglite(folder);
    return {
      ...client,
      async close() {
        await client.close();
        await lock[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPglite(folder: string): Promise<PgClient> {
  const { PGlite } = await loadPackage(PG_PACKAGES.pglite, "PGlite");
  const { vector } = await loadPackage(PG_PACKAGES.vector, "PGlite's vector");
  const db = await PGlite.create({ dataDir: folder, extensions: { vector } });
  // deno-lint-ignore no-explicit-any
  const on = (db: any): PgQueries => ({
    query: async (statement, values) =>
      (await db.query(statement, values)).rows,
  });
  return {
    ...on(db),
    transaction: (work) => db.transaction((inner: unknown) => work(on(inner))),
    close: () => db.close(),
  };
}

async function openServer(address: string): Promise<PgClient> {
  const { default: connect } = await loadPackage(
    PG_PACKAGES.postgres,
    "the client of PostgreSQL",
  );
  // One connection: statements of a store follow one another.
  const sql = connect(address, { max: 1, onnotice() {}, connect_timeout: 10 });
  // deno-lint-ignore no-explicit-any
  const on = (sql: any): PgQueries => ({
    query: async (statement, values = []) => [
      ...await sql.unsafe(statement, values),
    ],
  });
  return {
    ...on(sql),
    transaction: (work) => sql.begin((inner: unknown) => work(on(inner))),
    close: () => sql.end({ timeout: 5 }),
  };
}

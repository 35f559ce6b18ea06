import { inOneLine } from "./one_line.ts";
import { openPg, type PgClient, type PgQueries } from "./pg_client.ts";
import { idOf, keyOf, storedId } from "./stored_id.ts";
import {
  noTable,
  otherSource,
  type StoredVector,
  type StoreEngine,
  type VectorDatabase,
  vectorStore,
} from "./vector_store.ts";

/** PostgreSQL cuts longer names off without a word. */
const LONGEST_NAME = 63;

/** Most numbers of a vector that pgvector's graph takes. */
const MOST_INDEXED = 2000;

/**
 * A database of PostgreSQL with pgvector. Ids are found by their hash: an index takes
 * no long texts.
 */
export async function pgvectorDatabase(
  address: string,
): Promise<VectorDatabase> {
  const client = await openPg(address);
  return {
    async table({ table = "passages", source, create = true } = {}) {
      const name = quotedName(table);
      const engine = new PgvectorEngine(client, { name, source });
      await engine.look(create, table);
      return vectorStore(inOneLine(engine, "PostgreSQL"));
    },
    close: () => client.close(),
  };
}

class PgvectorEngine implements StoreEngine {
  readonly #client: PgClient;
  readonly #name: string;
  readonly #source: string | undefined;
  #dimension: number | undefined;

  constructor(
    client: PgClient,
    { name, source }: { name: string; source: string | undefined },
  ) {
    this.#client = client;
    this.#name = name;
    this.#source = source;
  }

  /** Looks at the table, if there is one. */
  async look(create: boolean, table: string): Promise<void> {
    const [row] = await this.#client.query(
      `select a.atttypmod as dimension, obj_description(c.oid) as source
       from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.oid = to_regclass($1) and a.attname = 'vector'`,
      [this.#name],
    );
    if (!row) {
      if (create) return;
      throw noTable(table);
    }
    const source = row.source as string | null;
    if (this.#source !== undefined && source !== storedId(this.#source)) {
      throw otherSource(table);
    }
    this.#dimension = Number(row.dimension);
  }

  dimension(): Promise<number | undefined> {
    return Promise.resolve(this.#dimension);
  }

  async put(rows: readonly StoredVector[]): Promise<void> {
    const dimension = rows[0]!.vector.length;
    if (this.#dimension === undefined) {
      await this.#client.transaction(async (on) => {
        await on.query(
          `create table if not exists ${this.#name} (
             key bytea primary key, id text not null,
             vector vector(${dimension}) not null)`,
        );
        await on.query(
          `comment on table ${this.#name} is ${
            quotedText(storedId(this.#source ?? ""))
          }`,
        );
      });
      this.#dimension = dimension;
    }
    await this.#client.query(
      `insert into ${this.#name} (key, id, vector)
       select decode(key, 'hex'), id, vector::vector
       from unnest($1::text[], $2::text[], $3::text[]) as rows (key, id, vector)
       on conflict (key) do update set vector = excluded.vector`,
      [
        rows.map(({ id }) => keyOf(id)),
        rows.map(({ id }) => storedId(id)),
        rows.map(({ vector }) => textOf(vector)),
      ],
    );
  }

  async missing(ids: readonly string[]): Promise<string[]> {
    if (this.#dimension === undefined) return [...ids];
    const rows = await this.#client.query(
      `select encode(key, 'hex') as key from ${this.#name}
       where key in (select decode(key, 'hex') from unnest($1::text[]) as keys (key))`,
      [ids.map(keyOf)],
    );
    const there = new Set(rows.map(({ key }) => key));
    return ids.filter((id) => !there.has(keyOf(id)));
  }

  nearest(
    query: Float32Array,
    { limit, exact }: { limit: number; exact: boolean },
  ): Promise<StoredVector[]> {
    if (this.#dimension === undefined) return Promise.resolve([]);
    return this.#client.transaction(async (on) => {
      await on.query(
        exact
          ? "set local enable_indexscan = off"
          : `set local hnsw.ef_search = ${Math.min(1000, Math.max(40, limit))}`,
      );
      return await this.#best(on, query, limit);
    });
  }

  async #best(
    on: PgQueries,
    query: Float32Array,
    limit: number,
  ): Promise<StoredVector[]> {
    const rows = await on.query(
      `select id, vector::text as vector from ${this.#name}
       order by vector <#> $1::vector limit ${limit}`,
      [textOf(query)],
    );
    return rows.map(({ id, vector }) => ({
      id: idOf(`${id}`),
      vector: Float32Array.from(JSON.parse(`${vector}`)),
    }));
  }

  async buildIndex(): Promise<void> {
    if (this.#dimension === undefined) return;
    if (this.#dimension > MOST_INDEXED) {
      throw new RangeError(
        `Cannot build the index: pgvector takes vectors of at most ${MOST_INDEXED} numbers: got ${this.#dimension}; search exactly, or cut the vectors`,
      );
    }
    const [made] = await this.#client.query(
      `select 1 from pg_indexes where format('%I.%I', schemaname, tablename)::regclass = to_regclass($1) and indexdef like '% USING hnsw %'`,
      [this.#name],
    );
    if (made) return;
    await this.#client.query(
      `create index on ${this.#name} using hnsw (vector vector_ip_ops)`,
    );
  }

  async count(): Promise<number> {
    if (this.#dimension === undefined) return 0;
    const [row] = await this.#client.query(
      `select count(*)::text as count from ${this.#name}`,
    );
    return Number(row!.count);
  }

  async delete(ids: readonly string[]): Promise<void> {
    if (this.#dimension === undefined) return;
    await this.#client.query(
      `delete from ${this.#name}
       where key in (select decode(key, 'hex') from unnest($1::text[]) as keys (key))`,
      [ids.map(keyOf)],
    );
  }

  /** The connection is the database's. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Float32 numbers in digits that give them back. */
function textOf(vector: Float32Array): string {
  return `[${vector.join(",")}]`;
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quotedName(name: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (name === "" || /\0/.test(name) || bytes > LONGEST_NAME) {
    throw new RangeError(
      `Cannot open the store: the table's name must have 1 to ${LONGEST_NAME} bytes, and no NUL: got ${
        JSON.stringify(name.slice(0, 80))
      }`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

import { setTimeout as delay } from "node:timers/promises";
import { type MilvusClient, openMilvus } from "./milvus_client.ts";
import { idOf, keyOf, storedId } from "./stored_id.ts";
import {
  noTable,
  otherSource,
  type StoredVector,
  type StoreEngine,
  type VectorDatabase,
  vectorStore,
} from "./vector_store.ts";

/** Most bytes of a text that Milvus keeps. */
const LONGEST_ID = 65_535;

/** Most rows of an answer that Milvus gives. */
const MOST_ROWS = 16_384;

/** Most bytes of vectors that are asked for at once; servers bound their answers. */
const MOST_BYTES = 2 ** 25;

/** Fewest vectors that an index is made for: comparing all is as fast. */
const FEWEST_INDEXED = 256;

/** Vectors in a cell that its middle is well learned from. */
const FEWEST_IN_CELL = 39;

/** Property of a collection that says what its vectors are made by. */
const SOURCE = "tdro.source";

/**
 * A server of Milvus. Ids are found by their hash: a key is short there, and a
 * condition on it needs no quoting.
 */
export async function milvusDatabase(address: string): Promise<VectorDatabase> {
  const client = await openMilvus(address);
  return {
    async table({ table = "passages", source, create = true } = {}) {
      checkName(table);
      const engine = new MilvusEngine(client, { name: table, source });
      if (!await engine.look() && !create) throw noTable(table);
      return vectorStore(engine);
    },
    close: () => client.close(),
  };
}

function checkName(name: string): void {
  if (/^[A-Za-z_]\w{0,254}$/.test(name)) return;
  throw new RangeError(
    `Cannot open the store: Milvus' names of tables must consist of at most 255 letters, digits and "_", no digit first: got ${
      JSON.stringify(name.slice(0, 80))
    }`,
  );
}

/** How a collection's vectors are searched. */
interface Index {
  /** As Milvus calls it. */
  kind: string;
  /** Cells that the vectors are divided into; 0: none. */
  cells: number;
}

class MilvusEngine implements StoreEngine {
  readonly #client: MilvusClient;
  readonly #name: string;
  readonly #source: string | undefined;
  #dimension: number | undefined;
  #index: Index = { kind: "FLAT", cells: 0 };

  constructor(
    client: MilvusClient,
    { name, source }: { name: string; source: string | undefined },
  ) {
    this.#client = client;
    this.#name = name;
    this.#source = source;
  }

  #call(method: string, request: Record<string, unknown> = {}) {
    return this.#client.call(method, {
      collection_name: this.#name,
      ...request,
    });
  }

  /** Looks at the collection: whether there is one. */
  async look(): Promise<boolean> {
    if (!(await this.#call("hasCollection")).value) return false;
    const { schema, properties } = await this.#call("describeCollection");
    const { key, id, vector } = Object.fromEntries(
      // deno-lint-ignore no-explicit-any
      schema.fields.map((field: any) => [field.name, field]),
    );
    const isOurs = key?.is_primary_key && key.data_type === "VarChar" &&
      id?.data_type === "VarChar" && vector?.data_type === "FloatVector";
    if (!isOurs) {
      throw new RangeError(
        `Cannot open the store: table ${
          JSON.stringify(this.#name)
        } must have the fields key, id and vector, as tdro embed makes it; name another table`,
      );
    }
    const noted = [...properties, { key: SOURCE, value: schema.description }]
      .find((property: { key: string }) => property.key === SOURCE)?.value;
    if (this.#source !== undefined && noted !== noteOf(this.#source)) {
      throw otherSource(this.#name);
    }
    this.#dimension = Number(vector.dim);
    await this.#load();
    return true;
  }

  dimension(): Promise<number | undefined> {
    return Promise.resolve(this.#dimension);
  }

  /** Makes the index that an interrupted call left out, and loads the vectors. */
  async #load(): Promise<void> {
    let index = await this.#readIndex();
    if (!index) {
      const refused = await this.#makeIndex({ index_type: "FLAT" })
        .then(() => undefined, (error) => error);
      index = await this.#readIndex();
      // Another process may have made it just now: then all is well.
      if (!index) throw refused;
    }
    this.#index = index;
    await this.#call("loadCollection");
  }

  /** What the index is; absent: there is none. */
  async #readIndex(): Promise<Index | undefined> {
    const { index_descriptions: all } = await this.#call("describeIndex")
      .catch((error) => {
        if (/index not found|no index|not.*index/i.test(`${error}`)) {
          return { index_descriptions: [] };
        }
        throw error;
      });
    if (all.length === 0) return undefined;
    const said: Record<string, string> = Object.fromEntries(
      all[0].params.map((
        p: { key: string; value: string },
      ) => [p.key, p.value]),
    );
    // Some versions say each parameter for itself, others all in one.
    const { nlist } = { ...JSON.parse(said.params || "{}"), ...said };
    return { kind: `${said.index_type}`, cells: Number(nlist ?? 0) };
  }

  #makeIndex(index: Record<string, unknown>): Promise<unknown> {
    return this.#call("createIndex", {
      field_name: "vector",
      metric_type: "IP",
      ...index,
    });
  }

  async #make(dimension: number): Promise<void> {
    const note = noteOf(this.#source ?? "");
    const text = { data_type: "VarChar" };
    await this.#call("createCollection", {
      description: note,
      properties: { [SOURCE]: note },
      consistency_level: "Strong",
      fields: [
        { ...text, name: "key", is_primary_key: true, max_length: 64 },
        { ...text, name: "id", max_length: LONGEST_ID },
        { name: "vector", data_type: "FloatVector", dim: dimension },
      ],
    });
    await this.#load();
    this.#dimension = dimension;
  }

  async put(rows: readonly StoredVector[]): Promise<void> {
    const data = rows.map(({ id, vector }) => ({
      key: keyOf(id),
      id: checkedId(id),
      vector: Array.from(vector),
    }));
    if (this.#dimension === undefined) {
      await this.#make(rows[0]!.vector.length).catch(async (error) => {
        if (!await this.#appears()) throw error;
      });
    }
    await this.#call("upsert", { data });
  }

  /** Waits a little for a collection that another process may be making just now. */
  async #appears(): Promise<boolean> {
    for (let tries = 0; tries < 20; tries++) {
      if (await this.look()) return true;
      await delay(100);
    }
    return false;
  }

  async missing(ids: readonly string[]): Promise<string[]> {
    if (this.#dimension === undefined) return [...ids];
    const there = new Set<string>();
    for (let at = 0; at < ids.length; at += 1000) {
      const rows = await this.#query({
        filter: among(ids.slice(at, at + 1000)),
        output_fields: ["key"],
      });
      for (const { key } of rows) there.add(key);
    }
    return ids.filter((id) => !there.has(keyOf(id)));
  }

  async nearest(
    query: Float32Array,
    { limit, exact }: { limit: number; exact: boolean },
  ): Promise<StoredVector[]> {
    const dimension = this.#dimension;
    if (dimension === undefined) return [];
    const { kind, cells } = this.#index;
    const isComparable = kind === "FLAT" || (kind === "IVF_FLAT" && cells > 0);
    if (limit > mostRows(dimension) || (exact && !isComparable)) {
      return await this.#scan(query, limit);
    }
    const { results } = await this.#call("search", {
      data: [Array.from(query)],
      limit,
      metric_type: "IP",
      consistency_level: "Strong",
      output_fields: ["id", "vector"],
      params: kind !== "IVF_FLAT"
        ? {}
        // With every cell looked into, every vector is compared.
        : { nprobe: exact ? cells : await this.#probes(limit) },
    });
    return results.map(asStored);
  }

  /** Cells to look into: a sixteenth, and so many that `limit` is a small share. */
  async #probes(limit: number): Promise<number> {
    const { cells } = this.#index;
    const perCell = Math.max(1, await this.count() / cells);
    const enough = Math.max(cells / 16, 16 * limit / perCell);
    return Math.min(cells, Math.ceil(enough));
  }

  /** More than an answer holds: all vectors pass by, and the best stay. */
  async #scan(query: Float32Array, limit: number): Promise<StoredVector[]> {
    let best: { row: StoredVector; score: number }[] = [];
    const cut = () => {
      best = best.sort((a, b) => b.score - a.score).slice(0, limit);
    };
    for (
      const prefix of prefixes(await this.count() / mostRows(query.length))
    ) {
      const rows = await this.#query({
        filter: `key like "${prefix}%"`,
        output_fields: ["id", "vector"],
      });
      for (const row of rows.map(asStored)) {
        best.push({ row, score: inner(query, row.vector) });
      }
      if (best.length > 2 * limit) cut();
    }
    cut();
    return best.map(({ row }) => row);
  }

  async buildIndex(): Promise<void> {
    const count = await this.count();
    if (count < FEWEST_INDEXED) return;
    const nlist = cellsFor(count);
    const { kind, cells } = this.#index;
    if (kind === "IVF_FLAT" && cells === nlist) return;
    await this.#call("flushSync", { collection_names: [this.#name] });
    await this.#call("releaseCollection");
    await this.#call("dropIndex", { field_name: "vector" });
    await this.#makeIndex({ index_type: "IVF_FLAT", params: { nlist } });
    await this.#load();
  }

  async count(): Promise<number> {
    if (this.#dimension === undefined) return 0;
    const [row] = await this.#query({ output_fields: ["count(*)"] });
    return Number(row["count(*)"]);
  }

  async #query(request: Record<string, unknown>) {
    const { data } = await this.#call("query", {
      consistency_level: "Strong",
      ...request,
    });
    return data;
  }

  async delete(ids: readonly string[]): Promise<void> {
    if (this.#dimension === undefined) return;
    for (let at = 0; at < ids.length; at += 1000) {
      await this.#call("delete", { filter: among(ids.slice(at, at + 1000)) });
    }
  }

  /** The connection is the database's. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A power of two, so that growth seldom asks for another index. */
function cellsFor(count: number): number {
  // About as many cells as vectors in each; but enough of them to find a middle.
  const wanted = Math.min(2 * Math.sqrt(count), count / FEWEST_IN_CELL, 65_536);
  return 2 ** Math.floor(Math.log2(wanted));
}

/**
 * Beginnings of keys that divide all into parts of about half a full answer; keys
 * are hashes, so parts are alike. (The client's own iterator repeats rows.)
 */
function* prefixes(fullAnswers: number): Generator<string> {
  const digits = Math.max(
    1,
    Math.ceil(Math.log(2 * fullAnswers) / Math.log(16)),
  );
  for (let at = 0; at < 16 ** digits; at++) {
    yield at.toString(16).padStart(digits, "0");
  }
}

function mostRows(dimension: number): number {
  return Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (4 * dimension)));
}

function asStored(row: { id: string; vector: number[] }): StoredVector {
  return { id: idOf(row.id), vector: Float32Array.from(row.vector) };
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function checkedId(id: string): string {
  const stored = storedId(id);
  const bytes = new TextEncoder().encode(stored).length;
  if (bytes <= LONGEST_ID) return stored;
  throw new RangeError(
    `Cannot put vectors: an id must have at most ${LONGEST_ID} bytes in Milvus: got ${bytes} for ${
      JSON.stringify(id.slice(0, 40))
    }; take another database`,
  );
}

function among(ids: readonly string[]): string {
  return `key in [${ids.map((id) => `"${keyOf(id)}"`).join(", ")}]`;
}

/** A source of any length, in letters that every version of Milvus keeps. */
function noteOf(source: string): string {
  return `tdro-vectors/1 ${keyOf(source)}`;
}

import type { Run } from "../../data/types.ts";
import type { EmbeddedTexts } from "../exact/exact_search.ts";
import type {
  LanceIndexOptions,
  LanceModule,
  LanceTable,
} from "./lance_module.ts";

/** The version of `npm:@lancedb/lancedb` that this adapter was tried with. */
export const LANCEDB_VERSION = "0.31.0";

/** Options for {@linkcode createLanceIndex} and {@linkcode openLanceIndex}. */
export interface LanceOptions {
  /** Name of the table within the database. @default {"passages"} */
  table?: string;
  /**
   * The module `npm:@lancedb/lancedb`, if the caller has loaded it.
   * @default {loaded now, LANCEDB_VERSION}
   */
  lancedb?: unknown;
}

/** Options for {@linkcode createLanceIndex}. */
export interface CreateLanceOptions extends LanceOptions {
  /**
   * What makes queries fast: `"ivf-pq"`, or `"none"`, which compares with every
   * passage. (LanceDB's graph, HNSW over 8-bit vectors, isn't offered: by inner
   * product it found a quarter of the ten nearest, see tests/bench.)
   * @default {"ivf-pq"}
   */
  kind?: "ivf-pq" | "none";
  /** Parts that the collection is cut in. @default {LanceDB's} */
  partitions?: number;
  /** Whether a table of the name may be replaced. @default {false} */
  overwrite?: boolean;
}

/** How one request trades recall for time. */
export interface LanceSearchOptions {
  /** Parts looked into. @default {LanceDB's} */
  probes?: number;
  /**
   * Takes this many times k candidates and ranks them by their full vectors;
   * without, scores are those of the compressed ones. @default {4}
   */
  refine?: number;
}

/** A collection in LanceDB. */
export interface LanceIndex {
  /** Number of passages. */
  size: number;
  /**
   * Finds about the k best passages by inner product for each query.
   *
   * @throws {RangeError} If k < 1.
   */
  search(
    queries: EmbeddedTexts,
    k: number,
    options?: LanceSearchOptions,
  ): Promise<Run>;
  /** Lets go of the files. */
  close(): void;
}

/**
 * Puts passages into LanceDB, an embedded vector engine (Apache-2.0), for
 * collections beyond memory or one machine: the place may be a folder or an
 * object store (`s3://…`). Results are approximate; `exactSearch` is exact.
 * The engine, 155 MB of native code, is loaded only here.
 *
 * @param place Folder or address of the database.
 * @param chunks Vectors with ids, as `embedPassages` or an embedding file give
 * them; a chunk at a time is in memory.
 * @param options Kind of index, name of the table.
 * @returns The collection.
 * @throws {RangeError} If there is no vector, the engine can't be loaded, or
 * the table is there and `overwrite` is off.
 *
 * @example Usage
 * ```ts ignore
 * import { createLanceIndex, embedPassages } from "@tdro/tdro/search";
 *
 * const index = await createLanceIndex("my/vectors", embedPassages(encode, passages));
 * const run = await index.search(queries, 100);
 * ```
 */
export async function createLanceIndex(
  place: string,
  chunks: Iterable<EmbeddedTexts> | AsyncIterable<EmbeddedTexts>,
  options: CreateLanceOptions = {},
): Promise<LanceIndex> {
  const { table: name = "passages", kind = "ivf-pq", overwrite = false } =
    options;
  const lancedb = await importLance(options.lancedb);
  const db = await lancedb.connect(place);
  if (!overwrite && (await db.tableNames()).includes(name)) {
    throw new RangeError(
      `Cannot create the index: ${place} must not hold a table "${name}" yet; set overwrite, or name another`,
    );
  }
  let table: LanceTable | undefined;
  for await (const chunk of chunks) {
    const rows = rowsOf(chunk);
    if (rows.length === 0) continue;
    if (table) await table.add(rows);
    else {
      table = await db.createTable(name, rows, {
        mode: overwrite ? "overwrite" : "create",
      });
    }
  }
  if (!table) {
    throw new RangeError(
      `Cannot create the index: there must be a vector: got none`,
    );
  }
  if (kind !== "none") {
    const index: LanceIndexOptions = { distanceType: "dot" };
    if (options.partitions) index.numPartitions = options.partitions;
    await table.createIndex("vector", { config: lancedb.Index.ivfPq(index) });
  }
  return await asIndex(table);
}

/**
 * Opens what {@linkcode createLanceIndex} made.
 *
 * @param place Folder or address of the database.
 * @param options Name of the table.
 * @returns The collection.
 * @throws {RangeError} If the engine can't be loaded.
 * @throws {Deno.errors.NotFound} If there is no such table.
 *
 * @example Usage
 * ```ts ignore
 * import { openLanceIndex } from "@tdro/tdro/search";
 *
 * const index = await openLanceIndex("s3://my-bucket/vectors");
 * ```
 */
export async function openLanceIndex(
  place: string,
  { table: name = "passages", lancedb }: LanceOptions = {},
): Promise<LanceIndex> {
  const db = await (await importLance(lancedb)).connect(place);
  if (!(await db.tableNames()).includes(name)) {
    throw new Deno.errors.NotFound(
      `Cannot open the index: ${place} has no table "${name}"`,
    );
  }
  return await asIndex(await db.openTable(name));
}

async function importLance(given: unknown): Promise<LanceModule> {
  if (given) return given as LanceModule;
  // In a variable, so that nobody downloads it who doesn't call this.
  const specifier = `npm:@lancedb/lancedb@${LANCEDB_VERSION}`;
  try {
    return await import(specifier);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : error;
    throw new RangeError(
      `Cannot load LanceDB: ${specifier} must be there: ${why}; run "deno cache ${specifier}", or pass lancedb`,
    );
  }
}

function rowsOf({ ids, embeddings }: EmbeddedTexts) {
  const { data, dimension } = embeddings;
  return ids.map((id, row) => ({
    id,
    vector: Array.from(data.subarray(row * dimension, (row + 1) * dimension)),
  }));
}

async function asIndex(table: LanceTable): Promise<LanceIndex> {
  return {
    size: await table.countRows(),
    search: (queries, k, options = {}) =>
      searchTable(table, queries, { ...options, k }),
    close: () => table.close(),
  };
}

/** Requests under way at a time; the engine has its own threads. */
const AT_ONCE = 16;

async function searchTable(
  table: LanceTable,
  { ids, embeddings }: EmbeddedTexts,
  { k, probes, refine = 4 }: LanceSearchOptions & { k: number },
): Promise<Run> {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot search: k must be an integer of at least 1: got ${k}`,
    );
  }
  const { data, dimension } = embeddings;
  const one = async (q: number): Promise<[string, Map<string, number>]> => {
    let query = table.query()
      .nearestTo(data.slice(q * dimension, (q + 1) * dimension))
      .distanceType("dot").refineFactor(refine)
      .select(["id", "_distance"]).limit(k);
    if (probes !== undefined) query = query.nprobes(probes);
    const rows = await query.toArray();
    // The table may be another's; a row is what the engine says it is.
    const isRow = (row?: { id: unknown; _distance: unknown } | null) =>
      typeof row?.id === "string" && Number.isFinite(row._distance);
    if (!rows.every(isRow)) {
      throw new SyntaxError(
        "Cannot search: each row must have id, a text, and _distance, a number; make the index by createLanceIndex()",
      );
    }
    // Its distance is 1 less the inner product.
    const list = new Map<string, number>(
      rows.map(({ id, _distance }) => [id, 1 - _distance]),
    );
    return [ids[q]!, list];
  };
  const run: Run = new Map();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, ids.length - from);
    const part = await Promise.all(
      Array.from({ length: size }, (_, i) => one(from + i)),
    );
    for (const [id, list] of part) run.set(id, list);
  }
  return run;
}

import type { Run } from "../../data/types.ts";
import { type EmbeddedTexts, exactSearch } from "../exact/exact_search.ts";

/** How a request is answered. */
export interface StoreSearchOptions {
  /**
   * Whether every passage is compared, so that the answer is that of
   * {@linkcode exactSearch}; otherwise by the store's index, if it has one, which is
   * faster and misses some. @default {true}
   */
  exact?: boolean;
  /**
   * Without `exact`: takes this many times k candidates, which are ranked by their
   * full vectors, ≥ 1. @default {4}
   */
  refine?: number;
}

/** Vectors of passages in a database, by id. */
export interface VectorStore {
  /**
   * Puts vectors in; one of an id that is there takes the place of the other.
   *
   * @throws {RangeError} If the dimension is another one, or a value isn't finite.
   */
  put(vectors: EmbeddedTexts): Promise<void>;
  /** Which of these ids aren't there, in order: what is left of an interrupted put. */
  missing(ids: readonly string[]): Promise<string[]>;
  /**
   * Finds the k best passages by inner product for each query, scores as those of
   * {@linkcode exactSearch}.
   *
   * @throws {RangeError} If k < 1, or the dimension is another one.
   */
  search(
    queries: EmbeddedTexts,
    k: number,
    options?: StoreSearchOptions,
  ): Promise<Run>;
  /** Makes the index that searches without `exact` use. */
  buildIndex(): Promise<void>;
  /** Number of vectors. */
  count(): Promise<number>;
  /** Takes vectors out; ids that aren't there don't matter. */
  delete(ids: readonly string[]): Promise<void>;
  /** Lets go of files and connections. */
  close(): Promise<void>;
}

/** Options of {@linkcode VectorDatabase.table}. */
export interface OpenTableOptions {
  /** Name of the table. @default {"passages"} */
  table?: string | undefined;
  /**
   * What the vectors are made by: the model's hash, and whatever else they depend
   * on. It is noted when the table is made, and a table with another note is refused.
   * @default {nothing is noted or compared}
   */
  source?: string | undefined;
  /** Whether a table that isn't there is made. @default {true} */
  create?: boolean | undefined;
}

/** A database with tables of vectors. */
export interface VectorDatabase {
  /** Opens a table, or makes one. */
  table(options?: OpenTableOptions): Promise<VectorStore>;
  /** Lets go of files and connections; its tables can't be used any more. */
  close(): Promise<void>;
}

/** A vector and whose it is. */
export interface StoredVector {
  /** The passage. */
  id: string;
  /** The vector, shape `[D]`. */
  vector: Float32Array;
}

/** What a database must do to be a {@linkcode VectorStore}. */
export interface StoreEngine
  extends Pick<VectorStore, "missing" | "buildIndex" | "delete" | "close"> {
  /** Length of the vectors; absent until one is put in. */
  dimension(): Promise<number | undefined>;
  /** Puts vectors in, in place of those of the same ids. */
  put(rows: readonly StoredVector[]): Promise<void>;
  /** About the best by inner product, best first; all are compared if `exact`. */
  nearest(
    query: Float32Array,
    options: { limit: number; exact: boolean },
  ): Promise<StoredVector[]>;
  /** Number of vectors. */
  count(): Promise<number>;
}

/** What is said where there is no table. */
export function noTable(table: string): Error {
  return new Deno.errors.NotFound(
    `Cannot open the store: there is no table ${
      JSON.stringify(table)
    } of vectors; tdro embed makes one`,
  );
}

/** What is said where a table holds what isn't wanted. */
export function otherSource(table: string): RangeError {
  return new RangeError(
    `Cannot open the store: the vectors of table ${
      JSON.stringify(table)
    } are of another model, or made otherwise; name another table`,
  );
}

/** Vectors that are put in at a time. */
const AT_ONCE = 500;

/** A store over an engine: checks, batches, and scores to the last bit. */
export function vectorStore(engine: StoreEngine): VectorStore {
  return {
    missing: (ids) => engine.missing(ids),
    buildIndex: () => engine.buildIndex(),
    count: () => engine.count(),
    delete: (ids) => engine.delete(ids),
    close: () => engine.close(),
    async put({ ids, embeddings: { data, dimension } }) {
      if (ids.length === 0) return;
      await checkDimension("put vectors", engine, dimension);
      const bad = data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new RangeError(
          `Cannot put vectors: each value must be finite: got ${
            data[bad]
          } for ${JSON.stringify(ids[Math.floor(bad / dimension)])}`,
        );
      }
      // The last of an id counts; engines refuse the same twice.
      const rows = new Map(ids.map((id, row) => [id, row]));
      const all = [...rows].map(([id, row]) => ({
        id,
        vector: data.slice(row * dimension, (row + 1) * dimension),
      }));
      for (let at = 0; at < all.length; at += AT_ONCE) {
        await engine.put(all.slice(at, at + AT_ONCE));
      }
    },
    async search(queries, k, { exact = true, refine = 4 } = {}) {
      if (!Number.isInteger(k) || k < 1) {
        throw new RangeError(
          `Cannot search: k must be an integer of at least 1: got ${k}`,
        );
      }
      if (!(refine >= 1)) {
        throw new RangeError(
          `Cannot search: refine must be at least 1: got ${refine}`,
        );
      }
      const { ids, embeddings: { data, dimension } } = queries;
      await checkDimension("search", engine, dimension);
      const run: Run = new Map();
      for (const [q, id] of ids.entries()) {
        const vector = data.slice(q * dimension, (q + 1) * dimension);
        const query = { id, vector };
        const found = exact
          ? await exactly(engine, query, k)
          : await engine.nearest(vector, {
            limit: Math.ceil(k * refine),
            exact,
          });
        run.set(id, await ranked(query, found, k));
      }
      return run;
    },
  };
}

async function checkDimension(
  action: string,
  engine: StoreEngine,
  dimension: number,
): Promise<void> {
  const own = await engine.dimension();
  if (own === undefined || own === dimension) return;
  throw new RangeError(
    `Cannot ${action}: the vectors must have ${own} numbers, as those of the store: got ${dimension}; name another table for another model`,
  );
}

/**
 * Enough of the best that the k best are among them. Engines add up in float32, so
 * that their order is off where scores nearly agree: more are asked for until what
 * isn't there is too far from the k-th best.
 */
async function exactly(
  engine: StoreEngine,
  query: StoredVector,
  k: number,
): Promise<StoredVector[]> {
  for (let limit = k + Math.max(16, k); true; limit *= 4) {
    const found = await engine.nearest(query.vector, { limit, exact: true });
    if (found.length < limit) return found; // these are all
    const scores = [...(await ranked(query, found, limit)).values()];
    const norm = Math.hypot(...query.vector);
    const longest = Math.max(...found.map((row) => Math.hypot(...row.vector)));
    // Of a sum of D products in float32, each rounded too.
    const error = 2 * query.vector.length * 2 ** -24 * norm * longest;
    if (scores.at(-1)! + 2 * error < scores[k - 1]!) return found;
  }
}

/** The k best of some, with the scores and in the order of exact search. */
async function ranked(
  { id, vector }: StoredVector,
  found: readonly StoredVector[],
  k: number,
): Promise<Map<string, number>> {
  if (found.length === 0) return new Map();
  const dimension = vector.length;
  const data = new Float32Array(found.length * dimension);
  found.forEach((row, at) => data.set(row.vector, at * dimension));
  const run = await exactSearch(
    { ids: [id], embeddings: { data: vector, count: 1, dimension } },
    {
      ids: found.map((row) => row.id),
      embeddings: { data, count: found.length, dimension },
    },
    { k },
  );
  return run.get(id)!;
}

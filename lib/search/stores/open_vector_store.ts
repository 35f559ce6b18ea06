import { openLance } from "./lance_store.ts";
import { openPgvector } from "./pgvector_store.ts";
import type { VectorStore } from "./vector_store.ts";

/** Databases that vectors can be kept in. */
export type StoreName = "lance" | "pgvector";

/** Options for {@linkcode openVectorStore}. */
export interface OpenStoreOptions {
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

/**
 * Opens a store of vectors in a database:
 *
 * | name | address | package, loaded now |
 * | --- | --- | --- |
 * | `"lance"` | a folder, or an object store (`s3://…`) | LanceDB |
 * | `"pgvector"` | a folder (PostgreSQL within this process), or `postgres://…` | PGlite, or a client |
 *
 * @param name The database.
 * @param address Where it is.
 * @param options The table, and what its vectors are made by.
 * @returns The store.
 * @throws {RangeError} If the package can't be loaded, the table holds vectors of
 * another source, or its name is none.
 * @throws {Deno.errors.NotFound} If the table isn't there and shan't be made.
 *
 * @example Usage
 * ```ts ignore
 * import { openVectorStore } from "@tdro/tdro/search";
 *
 * const store = await openVectorStore("pgvector", "my/database");
 * await store.put({ ids: ["a"], embeddings: { data: Float32Array.of(1, 0), count: 1, dimension: 2 } });
 * const run = await store.search(queries, 10);
 * await store.close();
 * ```
 */
export async function openVectorStore(
  name: StoreName,
  address: string,
  options: OpenStoreOptions = {},
): Promise<VectorStore> {
  switch (name) {
    case "lance":
      return await openLance(address, options);
    case "pgvector":
      return await openPgvector(address, options);
    default:
      throw new RangeError(
        `Cannot open a vector store: there is none called ${
          JSON.stringify(name)
        }; use lance or pgvector`,
      );
  }
}

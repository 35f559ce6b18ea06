import { STORE_NAMES, type StoreName } from "../../base/store_names.ts";
import { lanceDatabase } from "./lance_store.ts";
import { milvusDatabase } from "./milvus_store.ts";
import { pgvectorDatabase } from "./pgvector_store.ts";
import type {
  OpenTableOptions,
  VectorDatabase,
  VectorStore,
} from "./vector_store.ts";

export type { StoreName };

const DATABASES: Readonly<
  Record<StoreName, (address: string) => Promise<VectorDatabase>>
> = {
  lance: lanceDatabase,
  pgvector: pgvectorDatabase,
  milvus: milvusDatabase,
};

/**
 * Opens a database for tables of vectors:
 *
 * | name | address | package, loaded now |
 * | --- | --- | --- |
 * | `"lance"` | a folder, or an object store (`s3://…`) | LanceDB |
 * | `"pgvector"` | a folder (PostgreSQL within this process), or `postgres://…` | PGlite, or a client |
 * | `"milvus"` | a server, `http://…` or `https://…` | a client |
 *
 * @param name The database.
 * @param address Where it is.
 * @returns The database.
 * @throws {RangeError} If the package can't be loaded, or the database can't be opened.
 *
 * @example Usage
 * ```ts ignore
 * import { openVectorDatabase } from "@tdro/tdro/search";
 *
 * const database = await openVectorDatabase("lance", "s3://my-bucket/vectors");
 * const store = await database.table({ table: "nq", create: false });
 * const run = await store.search(queries, 10);
 * await database.close();
 * ```
 */
export async function openVectorDatabase(
  name: StoreName,
  address: string,
): Promise<VectorDatabase> {
  if (Object.hasOwn(DATABASES, name)) return await DATABASES[name](address);
  throw new RangeError(
    `Cannot open a vector store: there is none called ${
      JSON.stringify(name)
    }; use ${STORE_NAMES.join(", ")}`,
  );
}

/**
 * Opens one table of a database that {@linkcode openVectorDatabase} opens; closing it
 * closes both.
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
  options: OpenTableOptions = {},
): Promise<VectorStore> {
  const database = await openVectorDatabase(name, address);
  try {
    const store = await database.table(options);
    return {
      ...store,
      async close() {
        await store.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

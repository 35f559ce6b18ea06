/** A database that vectors can be kept in. */
export type StoreName = "lance" | "pgvector" | "milvus";

/** Databases that vectors can be kept in. */
export const STORE_NAMES = [
  "lance",
  "pgvector",
  "milvus",
] as const satisfies StoreName[];

/** Whether it is the name of a database. */
export function isStoreName(name: string): name is StoreName {
  return STORE_NAMES.some((known) => known === name);
}

import { readSealed, seal } from "../../base/files/sealed_json.ts";
import { exists } from "../../base/files/exists.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { type Pool, poolSchema } from "./pool.ts";

/** A pool and what tells it from others. */
export interface PoolFile {
  /** The pool. */
  pool: Pool;
  /** SHA-256 of its content. */
  sha256: string;
}

/**
 * Reads a pool that `tdro eval pool` wrote.
 *
 * @param path The file.
 * @returns The pool and its hash.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Error} If it isn't what was written.
 *
 * @example Usage
 * ```ts
 * import { readPool } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(readPool("no/such/pool.json"), /there is no such file/);
 * ```
 */
export async function readPool(path: string): Promise<PoolFile> {
  if (!await exists(path)) {
    throw new Deno.errors.NotFound(
      `Cannot read the pool ${path}: there is no such file; tdro eval pool --out ${path} makes it`,
    );
  }
  const pool = await readSealed(path, {
    schema: poolSchema,
    mend: "make it again by tdro eval pool, or name a file that it wrote",
  });
  return { pool: pool!, sha256: seal(pool!).sha256 };
}

/**
 * Writes a pool, whole or not at all.
 *
 * @param path The file.
 * @param pool The pool.
 */
export async function writePool(path: string, pool: Pool): Promise<void> {
  await writeWhole(path, `${JSON.stringify(seal(pool))}\n`);
}

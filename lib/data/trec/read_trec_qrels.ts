import {
  type GradeOptions,
  insertPair,
  parseGrade,
  readColumns,
  splitBlanks,
} from "./columns.ts";
import type { Qrels } from "../types.ts";

const COLUMNS = ["query", "0", "passage", "relevance"] as const;

/**
 * Reads judgments in TREC format: four columns (query, anything, passage,
 * grade) separated by spaces or tabs, no header. Negative grades are legal and
 * mean not relevant. It may be packed (gzip, zstd).
 *
 * @param path File to read.
 * @param options How grades may be written.
 * @returns Query id → passage id → grade.
 * @throws {SyntaxError} If a line has another number of columns, its grade is
 * no integer, a pair appears twice, or bytes aren't UTF-8; the message begins
 * with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readTrecQrels, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/qrels.txt`;
 * await writeWhole(path, "q1 0 p9 2\n");
 * assert.equal((await readTrecQrels(path)).get("q1")!.get("p9"), 2);
 * ```
 */
export async function readTrecQrels(
  path: string,
  { decimals }: GradeOptions = {},
): Promise<Qrels> {
  const qrels: Qrels = new Map();
  for await (
    const { line, columns } of readColumns(path, COLUMNS, splitBlanks)
  ) {
    const [query, , passage, text] = columns as [
      string,
      string,
      string,
      string,
    ];
    const where = `${path}:${line}`;
    const value = parseGrade(text, where, { decimals });
    insertPair(qrels, { query, passage, value, where });
  }
  return qrels;
}

import { readLines } from "../beir/read_lines.ts";
import { idProblem } from "../beir/schemas.ts";
import type { Query } from "../types.ts";

/**
 * Reads topics: a query's id, a tab, its text, one a line, no header. MIRACL and
 * Anserini publish queries so.
 *
 * @param path File to read, which may be packed (gzip, zstd).
 * @returns Query id → query, in file order.
 * @throws {SyntaxError} If a line lacks its tab, an id is unusable or comes
 * twice; the message begins with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readTopics, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/topics.tsv`;
 * await writeWhole(path, "0#0\tMwanza iko wapi?\n");
 * assert.equal((await readTopics(path)).get("0#0")!.text, "Mwanza iko wapi?");
 * ```
 */
export async function readTopics(path: string): Promise<Map<string, Query>> {
  const queries = new Map<string, Query>();
  for await (const { number, text: line } of readLines(path)) {
    if (line.trim() === "") continue;
    const tab = line.indexOf("\t");
    const id = line.slice(0, Math.max(0, tab));
    const problem = tab < 0
      ? "it must have 2 columns (id, text) with a tab between them"
      : idProblem(id)
      ? `the id ${idProblem(id)}`
      : queries.has(id)
      ? `an earlier line has the id ${JSON.stringify(id)}; ids must differ`
      : undefined;
    if (problem) {
      throw new SyntaxError(
        `${path}:${number}: Cannot read the topic: ${problem}`,
      );
    }
    queries.set(id, { id, text: line.slice(tab + 1) });
  }
  return queries;
}

import { insertPair, readColumns, splitBlanks } from "./columns.ts";
import type { Run } from "../types.ts";

const COLUMNS = ["query", "Q0", "passage", "rank", "score", "name"] as const;

/** Decimal, with or without exponent; what Number() takes besides is refused. */
const SCORE = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/;

/**
 * Reads a run in TREC format: six columns (query, `Q0`, passage, rank, score,
 * name of the system) separated by spaces or tabs. The rank is not read, as in
 * trec_eval: order comes from the scores. Blank lines are skipped, a byte
 * order mark at the start is removed. It may be packed (gzip, zstd).
 *
 * @param path File to read.
 * @returns Query id → passage id → score. An empty file is an empty run.
 * @throws {SyntaxError} If a line has another number of columns, its score is
 * no finite decimal number, a pair appears twice, or bytes aren't UTF-8; the
 * message begins with `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readTrecRun, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/run.txt`;
 * await writeWhole(path, "q1 Q0 p9 1 0.75 bm25\n");
 * assert.equal((await readTrecRun(path)).get("q1")!.get("p9"), 0.75);
 * ```
 */
export async function readTrecRun(path: string): Promise<Run> {
  const run: Run = new Map();
  for await (
    const { line, columns } of readColumns(path, COLUMNS, splitBlanks)
  ) {
    const [query, , passage, , text] = columns as [
      string,
      string,
      string,
      string,
      string,
    ];
    const where = `${path}:${line}`;
    const score = SCORE.test(text) ? Number(text) : NaN;
    if (!Number.isFinite(score)) {
      throw new SyntaxError(
        `${where}: Cannot read the score: it must be a finite decimal number: got ${
          JSON.stringify(text)
        }`,
      );
    }
    insertPair(run, { query, passage, value: score, where });
  }
  return run;
}

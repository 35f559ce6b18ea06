import {
  type GradeOptions,
  insertPair,
  parseGrade,
  readColumns,
} from "../trec/columns.ts";
import type { Qrels } from "../types.ts";

const HEADER = ["query-id", "corpus-id", "score"] as const;

/** What a judgment must point at, and how grades may be written. */
export interface ReadBeirQrelsOptions extends GradeOptions {
  /** Known query ids; a judgment of another query is an error. */
  queries?: { has(id: string): boolean };
  /** Known passage ids; a judgment of another passage is an error. */
  corpus?: { has(id: string): boolean };
}

/**
 * Reads judgments in BEIR format: a header line `query-id`, `corpus-id`,
 * `score`, then three columns, all separated by tabs alone (ids may hold
 * spaces). A missing header is an error: skipping the first line unread would
 * lose a judgment.
 *
 * @param path File to read, which may be packed (gzip, zstd).
 * @param options Known ids, to check the judgments against.
 * @returns Query id → passage id → grade.
 * @throws {SyntaxError} If the header or a line is malformed, a grade is no
 * integer, a pair appears twice, or an id is unknown; the message begins with
 * `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readBeirQrels, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/test.tsv`;
 * await writeWhole(path, "query-id\tcorpus-id\tscore\nq1\tp9\t1\n");
 * assert.equal((await readBeirQrels(path)).get("q1")!.get("p9"), 1);
 * ```
 */
export async function readBeirQrels(
  path: string,
  { queries, corpus, decimals }: ReadBeirQrelsOptions = {},
): Promise<Qrels> {
  const qrels: Qrels = new Map();
  let header = false;
  for await (
    const { line, columns } of readColumns(path, HEADER, (t) => t.split("\t"))
  ) {
    const where = `${path}:${line}`;
    if (!header) {
      if (HEADER.some((name, i) => columns[i] !== name)) {
        throw headerError(where, `got ${JSON.stringify(columns.join("\t"))}`);
      }
      header = true;
      continue;
    }
    const [query, passage, text] = columns as [string, string, string];
    if (queries && !queries.has(query)) throw unknown(where, "query", query);
    if (corpus && !corpus.has(passage)) {
      throw unknown(where, "passage", passage);
    }
    const value = parseGrade(text, where, { decimals });
    insertPair(qrels, { query, passage, value, where });
  }
  if (!header) throw headerError(`${path}:1`, "the file is empty");
  return qrels;
}

function headerError(where: string, found: string): SyntaxError {
  return new SyntaxError(
    `${where}: Cannot read the judgments: the first line must be the header ${
      JSON.stringify(HEADER.join("\t"))
    }: ${found}`,
  );
}

function unknown(where: string, what: string, id: string): SyntaxError {
  const file = what === "query" ? "queries.jsonl" : "corpus.jsonl";
  return new SyntaxError(
    `${where}: Cannot use the judgment: ${what} ${
      JSON.stringify(id)
    } is not in the task's ${file}`,
  );
}

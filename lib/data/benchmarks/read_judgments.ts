import { shown } from "../../base/shown.ts";
import { insertPair, parseGrade } from "../trec/columns.ts";
import { readLines } from "../beir/read_lines.ts";
import { readBeirQrels } from "../beir/read_beir_qrels.ts";
import { readTrecQrels } from "../trec/read_trec_qrels.ts";
import { isLabelName } from "../tables/column_names.ts";
import { openTable } from "../tables/open_table.ts";
import type { Qrels } from "../types.ts";
import { idOf } from "./records.ts";

/**
 * Reads judgments in any form in which benchmarks publish them: BEIR's TSV (three
 * columns tell), TREC qrels (MIRACL's and MS MARCO's `.tsv` are such), JSON lines or
 * parquet with `query-id`, `corpus-id` and perhaps `score` (1 if there is none, and no
 * other column that may be the grade). A grade `1.0` is 1.
 *
 * @param path File to read; text files may be packed (gzip, zstd).
 * @returns Query id → passage id → grade.
 * @throws {SyntaxError} If a line is malformed; the message begins with
 * `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readJudgments, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await writeWhole(`${folder}/trec.tsv`, "q1\tQ0\tp9\t1\n");
 * await writeWhole(`${folder}/beir.tsv`, "query-id\tcorpus-id\tscore\nq1\tp9\t1\n");
 * for (const name of ["trec", "beir"]) {
 *   const qrels = await readJudgments(`${folder}/${name}.tsv`);
 *   assert.equal(qrels.get("q1")!.get("p9"), 1);
 * }
 * ```
 */
export async function readJudgments(path: string): Promise<Qrels> {
  if (/\.(parquet|jsonl(\.gz)?)$/.test(path)) return await readTable(path);
  for await (const { text } of readLines(path)) {
    if (text.trim() === "") continue;
    // Ids of BEIR may hold blanks, so tabs alone tell.
    const beir = text.split("\t").length === 3;
    return await (beir ? readBeirQrels : readTrecQrels)(path, {
      decimals: true,
    });
  }
  return new Map();
}

async function readTable(path: string): Promise<Qrels> {
  const qrels: Qrels = new Map();
  const table = await openTable(path);
  const perhaps = table.columns.find(isLabelName);
  if (!table.columns.includes("score") && perhaps !== undefined) {
    throw new SyntaxError(
      `Cannot read the judgments of ${path}: the grade must be called score: got ${
        JSON.stringify(perhaps)
      }; rename the column`,
    );
  }
  for await (const { where, cells } of table.rows()) {
    const query = idOf(cells, where, ["query-id", "query_id", "qid"]);
    const passage = idOf(cells, where, ["corpus-id", "corpus_id", "docid"]);
    const score = cells.score === undefined ? 1 : cells.score;
    // Parquet may hold a grade as a float.
    const text = typeof score === "object" ? shown(score) : String(score);
    const value = parseGrade(text, where, { decimals: true });
    insertPair(qrels, { query, passage, value, where });
  }
  return qrels;
}

import { checkColumnId } from "../trec/columns.ts";
import type { Qrels } from "../types.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/**
 * Writes judgments in BEIR format (header, tabs); {@linkcode readBeirQrels}
 * reads them back equal.
 *
 * @param path File to write; it appears under its name only when whole.
 * @param qrels Query id → passage id → grade.
 * @throws {RangeError} If an id holds a tab or line end, or a grade is no
 * 32-bit integer.
 *
 * @example Usage
 * ```ts
 * import { readBeirQrels, writeBeirQrels } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/test.tsv`;
 * const qrels = new Map([["q 1", new Map([["p1", 2]])]]);
 * await writeBeirQrels(path, qrels);
 * assert.deepEqual(await readBeirQrels(path), qrels);
 * ```
 */
export async function writeBeirQrels(
  path: string,
  qrels: Qrels,
): Promise<void> {
  await writeWhole(path, beirLines(path, qrels));
}

/** The lines of judgments in BEIR format; `path` is for messages. */
export function* beirLines(
  path: string,
  qrels: Iterable<[query: string, grades: Map<string, number>]>,
): Generator<string> {
  yield "query-id\tcorpus-id\tscore\n";
  for (const [query, passage, grade] of judgments(path, qrels, true)) {
    yield `${query}\t${passage}\t${grade}\n`;
  }
}

/**
 * Writes judgments in TREC format (four columns, no header);
 * {@linkcode readTrecQrels} reads them back equal.
 *
 * @param path File to write; it appears under its name only when whole.
 * @param qrels Query id → passage id → grade.
 * @throws {RangeError} If an id holds a blank or line end, or a grade is no
 * 32-bit integer.
 *
 * @example Usage
 * ```ts
 * import { readTrecQrels, writeTrecQrels } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/qrels.txt`;
 * const qrels = new Map([["q1", new Map([["p1", 2]])]]);
 * await writeTrecQrels(path, qrels);
 * assert.deepEqual(await readTrecQrels(path), qrels);
 * ```
 */
export async function writeTrecQrels(
  path: string,
  qrels: Qrels,
): Promise<void> {
  await writeWhole(path, trecLines(path, qrels));
}

function* trecLines(path: string, qrels: Qrels): Generator<string> {
  for (const [query, passage, grade] of judgments(path, qrels, false)) {
    yield `${query} 0 ${passage} ${grade}\n`;
  }
}

/** The judgments one by one, each checked for being writable. */
function* judgments(
  path: string,
  qrels: Iterable<[query: string, grades: Map<string, number>]>,
  blanks: boolean,
): Generator<[query: string, passage: string, grade: number]> {
  for (const [query, grades] of qrels) {
    checkColumnId(query, path, { blanks });
    for (const [passage, grade] of grades) {
      checkColumnId(passage, path, { blanks });
      if ((grade | 0) !== grade) {
        throw new RangeError(
          `Cannot write ${path}: the grade of query ${
            JSON.stringify(query)
          }, passage ${
            JSON.stringify(passage)
          } must be a 32-bit integer: got ${grade}`,
        );
      }
      yield [query, passage, grade];
    }
  }
}

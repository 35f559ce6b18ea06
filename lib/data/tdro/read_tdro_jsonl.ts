import { readJsonl } from "../beir/read_jsonl.ts";
import { tdroLine } from "../beir/schemas.ts";
import type { TrainExample } from "../types.ts";

/**
 * Reads a training file of the reference implementation (spec section 3.1):
 * one object a line with `query_id`, `query`, `positive_passages` (at least
 * one) and `negative_passages`, passages as `{docid, title?, text, ce_score?}`
 * ({@linkcode writeTdroJsonl} puts titles into the text).
 * It streams. Other keys are left out, an empty title counts as
 * none, and rows may repeat a `query_id`, which the reference never looks at.
 *
 * @param path File to read, which may be packed (gzip, zstd).
 * @param domain Domain id to put on each row.
 * @returns The rows, in file order.
 * @throws {SyntaxError} If a line is malformed; the message begins with
 * `path:line`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 *
 * @example Usage
 * ```ts
 * import { readTdroJsonl, writeWhole } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/nq.jsonl`;
 * const passage = { docid: "p1", title: "Emma", text: "A novel by Jane Austen" };
 * await writeWhole(path, JSON.stringify({
 *   query_id: "1", query: "who wrote Emma?",
 *   positive_passages: [passage], negative_passages: [],
 * }));
 * const rows = await Array.fromAsync(readTdroJsonl(path, 0));
 * assert.equal(rows[0]!.positives[0]!.title, "Emma");
 * ```
 */
export async function* readTdroJsonl(
  path: string,
  domain: number,
): AsyncGenerator<TrainExample> {
  for await (const { value } of readJsonl(path, tdroLine)) {
    yield {
      domain,
      query: { id: value.query_id, text: value.query },
      positives: value.positive_passages.map(toPassage),
      negatives: value.negative_passages.map(toPassage),
    };
  }
}

function toPassage(
  { docid: id, title, text, ce_score }: {
    docid: string;
    title?: string;
    text: string;
    ce_score?: number;
  },
) {
  const score = ce_score === undefined ? {} : { score: ce_score };
  return title ? { id, title, text, ...score } : { id, text, ...score };
}

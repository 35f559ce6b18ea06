import type { Passage, TrainExample } from "../types.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/**
 * Writes a training file for the reference implementation (spec section 3.1),
 * which takes one file a task. It streams, so the rows need not be in memory
 * at once. A passage without title is written without the key, lest the
 * reference put a space before its text (surprise S2).
 *
 * @param path File to write; it appears under its name only when whole, and
 * gzipped if the name ends in `.gz`.
 * @param examples The rows; their domain id is not written (the reference
 * takes it from the file's name).
 * @throws {RangeError} If a row has no positive.
 *
 * @example Usage
 * ```ts
 * import { readTdroJsonl, writeTdroJsonl } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const path = `${await Deno.makeTempDir()}/nq.jsonl`;
 * const row = {
 *   domain: 3,
 *   query: { id: "1", text: "who wrote Emma?" },
 *   positives: [{ id: "p1", text: "Emma is a novel by Jane Austen" }],
 *   negatives: [],
 * };
 * await writeTdroJsonl(path, [row]);
 * assert.deepEqual(await Array.fromAsync(readTdroJsonl(path, 3)), [row]);
 * ```
 */
export async function writeTdroJsonl(
  path: string,
  examples: Iterable<TrainExample> | AsyncIterable<TrainExample>,
): Promise<void> {
  const lines = tdroLines(path, examples);
  await writeWhole(
    path,
    path.endsWith(".gz")
      ? ReadableStream.from(lines)
        .pipeThrough(new TextEncoderStream())
        .pipeThrough(new CompressionStream("gzip"))
      : lines,
  );
}

async function* tdroLines(
  path: string,
  examples: Iterable<TrainExample> | AsyncIterable<TrainExample>,
): AsyncGenerator<string> {
  for await (const { query, positives, negatives } of examples) {
    if (positives.length === 0) {
      throw new RangeError(
        `Cannot write ${path}: the row of query ${
          JSON.stringify(query.id)
        } needs a positive: got none`,
      );
    }
    yield JSON.stringify({
      query_id: query.id,
      query: query.text,
      positive_passages: positives.map(fromPassage),
      negative_passages: negatives.map(fromPassage),
    }) + "\n";
  }
}

function fromPassage({ id, title, text, score }: Passage) {
  const teacher = score === undefined ? {} : { ce_score: score };
  return title
    ? { docid: id, title, text, ...teacher }
    : { docid: id, text, ...teacher };
}

import type { Passage, TrainExample } from "../types.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/**
 * Writes a training file for the reference implementation (spec section 3.1),
 * which takes one file a task. It streams, so the rows need not be in memory
 * at once.
 *
 * A title is written as the beginning of its text, as the encoder gets it
 * ({@linkcode passageText}), and never as a key of its own: the reference's
 * loader (the `datasets` library) refuses to put tasks together whose passages
 * have different keys, and where a title is missing or empty the reference has
 * it as no text, or as a space before the text (surprise S2). A score is written
 * with a decimal point for the same reason; give one to the passages of every
 * task, or of none.
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
  for await (const example of examples) {
    if (example.positives.length === 0) {
      throw new RangeError(
        `Cannot write ${path}: the row of query ${
          JSON.stringify(example.query.id)
        } needs a positive: got none`,
      );
    }
    yield tdroJsonLine(example);
  }
}

/** A line of {@linkcode writeTdroJsonl}, line end and all. */
export function tdroJsonLine(
  { query, positives, negatives }: TrainExample,
): string {
  return JSON.stringify({
    query_id: query.id,
    query: query.text,
    positive_passages: positives.map(fromPassage),
    negative_passages: negatives.map(fromPassage),
  }) + "\n";
}

function fromPassage(passage: Passage) {
  const { id, score } = passage;
  const teacher = score === undefined ? {} : { ce_score: decimal(score) };
  return { docid: id, text: passageText(passage), ...teacher };
}

/** TypeScript 6 doesn't know it yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** A column of whole numbers would be one of integers to the loader. */
function decimal(score: number): unknown {
  const text = JSON.stringify(score);
  return /^-?\d+$/.test(text) ? rawJSON(`${text}.0`) : score;
}

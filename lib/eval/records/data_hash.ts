import { createHash } from "node:crypto";
import type { Passage, Qrels, Query } from "../../data/types.ts";
import type { EvalData } from "./eval_report.ts";
import { passageText } from "../../base/texts/passage_text.ts";

/** Notes which texts and judgments a result is measured on. */
export class DataHash {
  readonly #hash = createHash("sha256");
  #judgments = 0;

  /** Takes the queries that are run, and their judgments. */
  constructor(queries: Iterable<Query>, qrels: Qrels) {
    for (const { id, text } of queries) {
      const grades = [...qrels.get(id) ?? []];
      this.#judgments += grades.length;
      this.#hash.update(JSON.stringify([id, text, grades]));
    }
  }

  /** Notes a passage of the corpus. */
  add(passage: Passage): void {
    // JSON keeps apart what plain joining could run together.
    this.#hash.update(
      JSON.stringify([passage.id, passageText(passage).trim()]),
    );
  }

  /** What was noted. */
  end(): EvalData {
    return { sha256: this.#hash.digest("hex"), judgments: this.#judgments };
  }
}

/** Passes a corpus on and notes its passages on the way. */
export async function* noting(
  passages: AsyncIterable<Passage>,
  hash: DataHash,
): AsyncGenerator<Passage> {
  for await (const passage of passages) {
    hash.add(passage);
    yield passage;
  }
}

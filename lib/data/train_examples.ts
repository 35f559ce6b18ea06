import type { Passage, SplitName, Suite, Task, TrainExample } from "./types.ts";

/** Options of {@linkcode trainExamples}. */
export interface TrainExamplesOptions {
  /** Which judgments become rows. @default {"train"} */
  split?: SplitName;
  /**
   * Mined hard negatives, best first: at the index of each domain a map from
   * query id to passage ids. A domain or query may be missing.
   *
   * @default none
   */
  negatives?: readonly (ReadonlyMap<string, readonly string[]> | undefined)[];
}

/**
 * Makes training rows from the judgments of a split: one row for each query
 * with a passage of grade > 0, in the order of the judgments. Its positives
 * are those passages. Its hard negatives are first the passages judged 0 or
 * lower, then the mined ones; among these, known positives and repetitions are
 * left out, so a run of a search engine may be given as it is.
 *
 * @param suite The tasks.
 * @param options Split, and mined hard negatives.
 * @returns Rows of each task; index = domain id.
 * @throws {RangeError} If a task gives no row, or a mined negative is not in
 * its corpus.
 *
 * @example Usage
 * ```ts
 * import { type Suite, trainExamples } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const passages = ["p1", "p2", "p3"].map((id) => [id, { id, text: id }] as const);
 * const suite: Suite = {
 *   name: "demo",
 *   tasks: [{
 *     name: "toy", prompt: "", language: "en", kind: "faq", license: "CC0-1.0", source: "",
 *     corpus: new Map(passages),
 *     queries: new Map([["q1", { id: "q1", text: "?" }]]),
 *     qrels: { train: new Map([["q1", new Map([["p1", 1], ["p2", 0]])]]) },
 *   }],
 * };
 * const negatives = [new Map([["q1", ["p1", "p3"]]])];
 * const [row] = trainExamples(suite, { negatives })[0]!;
 * assert.deepEqual(row!.positives.map((p) => p.id), ["p1"]);
 * assert.deepEqual(row!.negatives.map((p) => p.id), ["p2", "p3"]);
 * ```
 */
export function trainExamples(
  suite: Suite,
  { split = "train", negatives = [] }: TrainExamplesOptions = {},
): TrainExample[][] {
  return suite.tasks.map((task, domain) => {
    const rows: TrainExample[] = [];
    for (const [queryId, grades] of task.qrels[split] ?? []) {
      const positives = new Map<string, Passage>();
      const negative = new Map<string, Passage>();
      for (const [id, grade] of grades) {
        (grade > 0 ? positives : negative).set(id, find(task, "corpus", id));
      }
      if (positives.size === 0) continue;
      for (const id of negatives[domain]?.get(queryId) ?? []) {
        if (!positives.has(id)) negative.set(id, find(task, "corpus", id));
      }
      rows.push({
        domain,
        query: find(task, "queries", queryId),
        positives: [...positives.values()],
        negatives: [...negative.values()],
      });
    }
    if (rows.length === 0) {
      throw new RangeError(
        `Cannot make training rows of task ${
          JSON.stringify(task.name)
        }: no query of split ${
          JSON.stringify(split)
        } has a passage of grade > 0; leave the task out`,
      );
    }
    return rows;
  });
}

function find<K extends "corpus" | "queries">(
  task: Task,
  where: K,
  id: string,
): NonNullable<ReturnType<Task[K]["get"]>> {
  const found = task[where].get(id);
  if (found) return found as NonNullable<ReturnType<Task[K]["get"]>>;
  throw new RangeError(
    `Cannot make training rows of task ${JSON.stringify(task.name)}: ${
      where === "corpus" ? "passage" : "query"
    } ${JSON.stringify(id)} is not in it`,
  );
}

import type { Qrels, Task } from "../../data/types.ts";
import type { Decisions } from "./decisions.ts";

/**
 * A task with the pairs that a person decided to be positive among its
 * judgments (grade 1), in each split that judges the query, so that they are
 * trained on as positives. The task given isn't changed.
 *
 * @param task The task.
 * @param decisions What was decided.
 * @returns The task with more positives; the same one if there are none.
 * @throws {RangeError} If such a passage isn't in the corpus.
 *
 * @example Usage
 * ```ts
 * import { applyDecisions } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const task = {
 *   name: "toy", prompt: "", language: "en", kind: "faq", license: "MIT", source: "",
 *   corpus: new Map(["a", "b"].map((id) => [id, { id, text: id }])),
 *   queries: new Map([["q", { id: "q", text: "?" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * };
 * const decided = applyDecisions(task, new Map([["q", new Map([["b", "positive"]])]]));
 * assert.deepEqual([...decided.qrels.train!.get("q")!.keys()], ["a", "b"]);
 * ```
 */
export function applyDecisions(task: Task, decisions: Decisions): Task {
  const qrels: Task["qrels"] = { ...task.qrels };
  let changed = false;
  for (const [query, passages] of decisions) {
    for (const [passage, decision] of passages) {
      if (decision !== "positive") continue;
      if (!task.corpus.has(passage)) {
        throw new RangeError(
          `Cannot apply decisions to task "${task.name}": its corpus must hold passage "${passage}" of query "${query}"`,
        );
      }
      for (const split of Object.keys(qrels) as (keyof Task["qrels"])[]) {
        const grades = qrels[split]!.get(query);
        if (!grades || (grades.get(passage) ?? 0) > 0) continue;
        const copy: Qrels = new Map(qrels[split]);
        qrels[split] = copy.set(query, new Map(grades).set(passage, 1));
        changed = true;
      }
    }
  }
  return changed ? { ...task, qrels } : task;
}

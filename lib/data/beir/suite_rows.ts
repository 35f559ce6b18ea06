import type { Suite } from "../types.ts";

/** What {@linkcode suiteRows} says of a task. */
export interface SuiteRow {
  /** Domain id. */
  domain: number;
  /** Task name. */
  task: string;
  /** Kind of task. */
  kind: string;
  /** Language tags, separated by spaces. */
  language: string;
  /** Passages in the corpus. */
  passages: number;
  /** Judged queries of the training split. */
  train: number;
  /** Judged queries of the development split. */
  dev: number;
  /** Judged queries of the test split. */
  test: number;
  /** Query–passage pairs of grade > 0, all splits together. */
  pairs: number;
  /** Mean length of a query, in UTF-16 units, without prompt. */
  queryLength: number;
  /** Mean length of a passage's text, in UTF-16 units, without title. */
  passageLength: number;
}

/**
 * Describes a suite as plain rows, one a task, for a table.
 *
 * @param suite The tasks.
 * @returns A row for each task; index = domain id. A mean over nothing is 0.
 *
 * @example Usage
 * ```ts
 * import { suiteRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(suiteRows({ name: "empty", tasks: [] }), []);
 * ```
 */
export function suiteRows(suite: Suite): SuiteRow[] {
  return suite.tasks.map((task, domain) => {
    let pairs = 0;
    for (const split of Object.values(task.qrels)) {
      for (const grades of split.values()) {
        for (const grade of grades.values()) if (grade > 0) pairs++;
      }
    }
    return {
      domain,
      task: task.name,
      kind: task.kind,
      language: [task.language].flat().join(" "),
      passages: task.corpus.size,
      train: task.qrels.train?.size ?? 0,
      dev: task.qrels.dev?.size ?? 0,
      test: task.qrels.test?.size ?? 0,
      pairs,
      queryLength: meanLength(task.queries.values()),
      passageLength: meanLength(task.corpus.values()),
    };
  });
}

function meanLength(items: Iterable<{ text: string }>): number {
  let sum = 0, count = 0;
  for (const { text } of items) {
    sum += text.length;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

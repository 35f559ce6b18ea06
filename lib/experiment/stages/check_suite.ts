import type { Suite } from "../../data/mod.ts";

/** Refuses a suite that can't be trained on and tested. */
export function checkSuite(suite: Suite): void {
  if (suite.tasks.length < 2) {
    throw new RangeError(
      `Cannot learn a mixture of ${suite.tasks.length} task: the suite needs at least 2`,
    );
  }
  for (const task of suite.tasks) {
    for (const split of ["train", "test"] as const) {
      if (!task.qrels[split]?.size) {
        throw new RangeError(
          `Cannot run the experiment: task ${task.name} has no ${split} judgments; add qrels/${split}.tsv or leave the task out`,
        );
      }
    }
  }
}

import type { SplitName, Suite } from "../../data/mod.ts";

/** What a suite must have; by default, what a comparison of mixtures needs. */
export interface SuiteNeeds {
  /** Fewest tasks. @default {2} */
  tasks?: number;
  /** Splits that each task must have judgments of. @default {["train", "test"]} */
  splits?: readonly SplitName[];
  /** What else one can do without test judgments. @default {""} */
  otherwise?: string;
}

/** Refuses a suite that can't be trained on and tested. */
export function checkSuite(
  suite: Suite,
  { tasks = 2, splits = ["train", "test"], otherwise = "" }: SuiteNeeds = {},
): void {
  if (suite.tasks.length < tasks) {
    throw new RangeError(
      tasks === 1
        ? "Cannot train: the suite has no task"
        : `Cannot learn a mixture of ${suite.tasks.length} task: the suite needs at least ${tasks}; train on one by tdro train`,
    );
  }
  for (const task of suite.tasks) {
    for (const split of splits) {
      if (!task.qrels[split]?.size) {
        throw new RangeError(
          `Cannot run the experiment: task ${task.name} has no ${split} judgments; add qrels/${split}.tsv or leave the task out${
            split === "test" ? otherwise : ""
          }`,
        );
      }
    }
  }
}

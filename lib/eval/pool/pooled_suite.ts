import type { Passage, Query, Suite, Task } from "../../data/types.ts";
import type { Pool, PoolTask } from "./pool.ts";
import { wholeHash } from "./make_pool.ts";

/**
 * The suite as a pool cuts it: of each task the pool's queries with their judgments,
 * in the pool's split alone, and the pool's passages. What `evaluate()` and its like
 * measure on it is comparable between models, and higher than on whole corpora.
 *
 * @param suite The whole suite, or some of its tasks.
 * @param pool The pool.
 * @returns The suite, its tasks in the same order.
 * @throws {RangeError} If a task isn't in the pool, or has other texts or judgments than
 * when the pool was made.
 *
 * @example Usage
 * ```ts
 * import { makePool, pooledSuite } from "@tdro/tdro/eval";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ query: "hours", passage: "nine to five", split: "test" }];
 * const task = await taskFromRows(rows, { name: "faq" });
 * const suite = { name: "mine", tasks: [task] };
 * const [query] = task.queries.keys(), [passage] = task.corpus.keys();
 * const run = new Map([[query!, new Map([[passage!, 1]])]]);
 * const pool = makePool(suite, { mine: [run] });
 * assert.equal((await pooledSuite(suite, pool)).tasks[0]!.corpus.size, 1);
 * ```
 */
export function pooledSuite(suite: Suite, pool: Pool): Suite {
  const byName = new Map(pool.tasks.map((part) => [part.task, part]));
  return {
    ...suite,
    tasks: suite.tasks.map((task) => {
      const part = byName.get(task.name);
      const name = JSON.stringify(task.name);
      if (!part) {
        fail(
          `it has no task ${name} (its tasks: ${
            [...byName.keys()].join(", ")
          }); make one of this suite by tdro eval pool`,
        );
      }
      if (wholeHash(task, pool.split) !== part.sha256) {
        fail(
          `task ${name} has other queries, judgments or passages than when the pool was made; make it again by tdro eval pool`,
        );
      }
      return cut(task, part, pool);
    }),
  };
}

function cut(task: Task, part: PoolTask, { split }: Pool): Task {
  const qrels = task.qrels[split]!;
  return {
    ...task,
    corpus: new Map<string, Passage>(
      part.passages.map((id) => [id, task.corpus.get(id)!]),
    ),
    queries: new Map<string, Query>(
      part.queries.map((id) => [id, task.queries.get(id)!]),
    ),
    qrels: {
      [split]: new Map(part.queries.map((id) => [id, qrels.get(id)!])),
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot evaluate on the pool: ${reason}`);
}

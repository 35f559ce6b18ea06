import { DEV_SIZES } from "../base/dev_sizes.ts";
import { answeredQueries } from "../base/answered_queries.ts";
import { byLot } from "../base/by_lot.ts";
import { hash32 } from "../base/hash32.ts";
import { normaliseText } from "../base/texts/normalise_text.ts";
import type { Passage, Qrels, Suite, Task } from "./types.ts";

/** Sizes of a dev sample. */
export interface DevSampleOptions {
  /** Most dev queries of a task, >= 1. @default {100} */
  queries?: number;
  /**
   * Passages of a task's corpus that are searched; those that are judged for its
   * queries are always among them, even if there are more. @default {1000}
   */
  passages?: number;
}

/**
 * A small suite to measure a model on again and again while it trains: of each task
 * some dev queries, every passage that is judged for them, and more of the corpus.
 * Which ones follows from the texts of the queries and the ids of the passages, not
 * from a seed: it is the same sample in every run, and a larger one holds a smaller
 * one. Scores are higher than on the whole corpus.
 *
 * @param suite The tasks, each with dev judgments.
 * @param options How much of each task.
 * @returns A suite whose tasks have the split `dev` alone.
 * @throws {RangeError} If tasks have no dev query with a relevant passage; it names
 * all of them.
 *
 * @example Usage
 * ```ts
 * import { devSample, taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = Array.from({ length: 40 }, (_, i) => ({
 *   query: `what is ${i}?`, passage: `${i} is a number`, split: "dev",
 * }));
 * const suite = { name: "mine", tasks: [await taskFromRows(rows, { name: "numbers" })] };
 * const [task] = devSample(suite, { queries: 5, passages: 20 }).tasks;
 * assert.deepEqual([task!.qrels.dev!.size, task!.corpus.size], [5, 20]);
 * ```
 */
export function devSample(
  suite: Suite,
  options: DevSampleOptions = {},
): Suite {
  const sizes = { ...DEV_SIZES, ...options };
  const lacking = tasksWithoutDev(suite);
  if (lacking.length > 0) {
    throw new RangeError(
      `Cannot sample dev queries: ${
        lacking.join(", ")
      } must have dev judgments with a grade > 0: got none; add qrels/dev.tsv, or holdOutDev() takes some of the training queries`,
    );
  }
  return {
    ...suite,
    tasks: suite.tasks.map((task) => sampleOf(task, sizes)),
  };
}

/** Names of the tasks that have no dev query with a relevant passage. */
export function tasksWithoutDev({ tasks }: Suite): string[] {
  return tasks.filter(({ qrels }) => answeredQueries(qrels.dev).length === 0)
    .map(({ name }) => name);
}

function sampleOf(
  task: Task,
  { queries, passages }: Required<DevSampleOptions>,
): Task {
  const ids = byLot(answeredQueries(task.qrels.dev), (id) => queryLot(task, id))
    .slice(0, queries);
  const chosen = new Set(ids);
  // In the order of the judgments.
  const dev = [...task.qrels.dev!].filter(([id]) => chosen.has(id));
  const judged = new Set(dev.flatMap(([, grades]) => [...grades.keys()]));
  const others = [...task.corpus.keys()].filter((id) => !judged.has(id));
  const more = byLot(others, hash32)
    .slice(0, Math.max(0, passages - judged.size));
  const searched = new Set([...judged, ...more]);
  return {
    ...task,
    corpus: new Map<string, Passage>(
      [...task.corpus].filter(([id]) => searched.has(id)),
    ),
    queries: new Map(dev.map(([id]) => [id, task.queries.get(id)!])),
    qrels: { dev: new Map(dev) },
  };
}

/** Options for {@linkcode holdOutDev}. */
export interface HoldOutDevOptions {
  /** Most training queries that are taken of a task, >= 1. @default {100} */
  queries?: number;
}

/** A suite, and what was held out. */
export interface HeldOut {
  /** The suite; tasks that have dev judgments are as they were. */
  suite: Suite;
  /** Queries that are dev queries now, by task name. */
  heldOut: Record<string, number>;
}

/**
 * Makes dev queries of some training queries where a task has none of its own: a
 * tenth of them, at least one. They are training queries no longer. Which ones
 * follows from their texts, so that queries which read the same stay together.
 *
 * @param suite The tasks.
 * @param options How many at most.
 * @throws {RangeError} If a task without dev judgments has fewer than two training
 * queries.
 *
 * @example Usage
 * ```ts
 * import { holdOutDev, taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = Array.from({ length: 40 }, (_, i) => ({
 *   query: `what is ${i}?`, passage: `${i} is a number`,
 * }));
 * const task = await taskFromRows(rows, { name: "numbers", dev: 0, test: 0 });
 * const whole = { name: "mine", tasks: [task] };
 * const { suite, heldOut } = holdOutDev(whole);
 * assert.deepEqual(heldOut, { numbers: 4 });
 * assert.equal(suite.tasks[0]!.qrels.train!.size, 36);
 * ```
 */
export function holdOutDev(
  suite: Suite,
  { queries = DEV_SIZES.queries }: HoldOutDevOptions = {},
): HeldOut {
  const lacking = new Set(tasksWithoutDev(suite));
  const heldOut: Record<string, number> = {};
  const tasks = suite.tasks.map((task) => {
    if (!lacking.has(task.name)) return task;
    const ids = heldOutOf(task, queries);
    heldOut[task.name] = ids.size;
    const split = (held: boolean): Qrels =>
      new Map([...task.qrels.train!].filter(([id]) => ids.has(id) === held));
    return {
      ...task,
      qrels: { ...task.qrels, train: split(false), dev: split(true) },
    };
  });
  return { suite: { ...suite, tasks }, heldOut };
}

function heldOutOf(task: Task, most: number): Set<string> {
  const all = answeredQueries(task.qrels.train);
  const lot = (id: string) => queryLot(task, id);
  const drawn = byLot(all, lot);
  let count = Math.min(most, Math.max(1, Math.floor(all.length / 10)));
  // One question in two spellings is one.
  while (
    count < drawn.length && lot(drawn[count]!) === lot(drawn[count - 1]!)
  ) count++;
  if (count < drawn.length) return new Set(drawn.slice(0, count));
  throw new RangeError(
    `Cannot hold out training queries of task ${
      JSON.stringify(task.name)
    }: it must have at least two different ones: got ${all.length}; add qrels/dev.tsv or leave the task out`,
  );
}

function queryLot({ queries }: Task, id: string): number {
  return hash32(`dev\n${normaliseText(queries.get(id)?.text ?? id)}`);
}

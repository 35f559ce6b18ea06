import type { Suite, Task } from "../types.ts";
import {
  findNearQueries,
  findRepeatedQueries,
  type NearQuery,
  type NearQueryOptions,
} from "./find_near_queries.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options for {@linkcode cleanSuite}. */
export interface CleanOptions extends NearQueryOptions {
  /**
   * Also takes out queries that repeat an earlier one of their split and task;
   * the reference leaves them in. @default {false}
   */
  within?: boolean;
}

/** A query that {@linkcode cleanSuite} took out, and why. */
export interface CleanedQuery extends NearQuery {
  /** Near a query of another split, or of its own. */
  why: "between splits" | "within its split";
}

/** What {@linkcode cleanSuite} did to a task. */
export interface CleanedTask {
  /** Name of the task. */
  task: string;
  /** Queries of the splits looked at. */
  queries: number;
  /** Taken out as near a query to be tested with. */
  between: number;
  /** Taken out as repetitions. */
  within: number;
  /** Left. */
  kept: number;
}

/** A suite without leakage, and the record of what was done. */
export interface CleanedSuite {
  /** The suite; corpora as they were. */
  suite: Suite;
  /** Every query taken out, with what it is near to. */
  removed: CleanedQuery[];
  /** A row for each task. */
  tasks: CleanedTask[];
}

/**
 * Takes the queries out of the training splits that are near queries to be
 * tested with (see {@linkcode findNearQueries}), so that a test measures no
 * memory. A query that another split judges too stays in the task; corpora
 * stay whole, since the tests search them. The suite given is not changed.
 *
 * @param suite The tasks.
 * @param options Which splits, how near, whether repetitions go too.
 * @returns The rest, and a report.
 * @throws {RangeError} If the distance isn't an integer from 0 to 63, or a
 * split is both cleaned and held against itself.
 *
 * @example Usage
 * ```ts
 * import { cleanSuite } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const judged = new Map([["p", 1]]);
 * const { suite, removed } = cleanSuite({
 *   name: "demo",
 *   tasks: [{
 *     name: "capitals", prompt: "", language: "en", kind: "faq", license: "CC0-1.0", source: "",
 *     corpus: new Map([["p", { id: "p", text: "Paris" }]]),
 *     queries: new Map([
 *       ["a", { id: "a", text: "Capital of France?" }],
 *       ["b", { id: "b", text: "capital of France" }],
 *     ]),
 *     qrels: { train: new Map([["a", judged]]), test: new Map([["b", judged]]) },
 *   }],
 * });
 * assert.deepEqual(removed.map(({ query }) => query), ["a"]);
 * assert.deepEqual([...suite.tasks[0]!.queries.keys()], ["b"]);
 * ```
 */
export function cleanSuite(
  suite: Suite,
  options: CleanOptions = {},
): CleanedSuite {
  const { splits = ["train"], against = ["test", "dev"], within = false } =
    options;
  const both = splits.find((split) => against.includes(split));
  if (both) {
    throw new RangeError(
      `Cannot clean suite ${
        JSON.stringify(suite.name)
      }: a split must be cleaned or be held against the others, not both: got "${both}"`,
    );
  }
  const removed: CleanedQuery[] = [];
  for (const found of findNearQueries(suite, options)) {
    removed.push({ ...found, why: "between splits" });
  }
  const rest = without(suite, removed);
  if (!within) return cleaned(suite, { suite: rest, removed, splits });
  const repeated: CleanedQuery[] = [];
  for (const found of findRepeatedQueries(rest, options)) {
    repeated.push({ ...found, why: "within its split" });
  }
  removed.push(...repeated);
  return cleaned(suite, { suite: without(rest, repeated), removed, splits });
}

/** The cleaned suite, with a row on each task. */
function cleaned(
  before: Suite,
  { suite, removed, splits }: {
    suite: Suite;
    removed: CleanedQuery[];
    splits: readonly (keyof Task["qrels"])[];
  },
): CleanedSuite {
  const count = (task: Task) =>
    splits.reduce((sum, split) => sum + (task.qrels[split]?.size ?? 0), 0);
  const tasks = before.tasks.map((task, k) => {
    const of = (why: CleanedQuery["why"]) =>
      removed.filter((one) => one.task === task.name && one.why === why).length;
    return {
      task: task.name,
      queries: count(task),
      between: of("between splits"),
      within: of("within its split"),
      kept: count(suite.tasks[k]!),
    };
  });
  return { suite, removed, tasks };
}

/** The suite without these judgments, and without queries that no split judges. */
function without(suite: Suite, removed: readonly CleanedQuery[]): Suite {
  const tasks = suite.tasks.map((task) => {
    const out = removed.filter((one) => one.task === task.name);
    if (out.length === 0) return task;
    const qrels: Task["qrels"] = { ...task.qrels };
    for (const { split, query } of out) {
      // Copied once, at the first query that goes.
      if (qrels[split] === task.qrels[split]) {
        qrels[split] = new Map(task.qrels[split]);
      }
      qrels[split]!.delete(query);
    }
    for (const split of new Set(out.map(({ split }) => split))) {
      if (qrels[split]!.size === 0) delete qrels[split];
    }
    const gone = new Set(out.map(({ query }) => query));
    for (const split of Object.values(qrels)) {
      for (const id of split.keys()) gone.delete(id);
    }
    const queries = new Map(
      [...task.queries].filter(([id]) => !gone.has(id)),
    );
    return selfShowing({ ...task, queries, qrels });
  });
  return selfShowing({ ...suite, tasks });
}

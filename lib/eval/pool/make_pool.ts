import { answeredQueries } from "../../base/answered_queries.ts";
import { byLot } from "../../base/by_lot.ts";
import { hash32 } from "../../base/hash32.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import type { Query, Run, SplitName, Suite, Task } from "../../data/types.ts";
import { DataHash } from "../records/data_hash.ts";
import {
  type Pool,
  POOL_SIZES,
  type PoolSizes,
  type PoolTask,
} from "./pool.ts";

/** Options for {@linkcode makePool}. */
export interface MakePoolOptions extends Partial<PoolSizes> {
  /** The split whose queries are taken. @default {"test"} */
  split?: SplitName;
}

/**
 * The queries of a task that a pool takes: those with a relevant passage, at most so
 * many of them, by the lot of their texts. Which ones depends on no seed and no system.
 *
 * @param task The task.
 * @param options Split, and how many.
 * @returns The queries, in the order of the judgments.
 * @throws {RangeError} If the split has none.
 */
export function poolQueries(
  task: Task,
  { split = "test", queries = POOL_SIZES.queries }: Pick<
    MakePoolOptions,
    "split" | "queries"
  > = {},
): Query[] {
  const answered = answeredQueries(task.qrels[split]);
  if (answered.length === 0) {
    fail(
      `task ${
        JSON.stringify(task.name)
      } must have a query with a relevant passage in its split ${split}: got none`,
    );
  }
  const lot = (id: string) =>
    hash32(`pool\n${normaliseText(task.queries.get(id)?.text ?? id)}`);
  const chosen = new Set(byLot(answered, lot).slice(0, queries));
  return answered.filter((id) => chosen.has(id)).map((id) => {
    const query = task.queries.get(id);
    if (query) return query;
    return fail(
      `query ${
        JSON.stringify(id)
      } of the ${split} judgments must be among the queries of task ${
        JSON.stringify(task.name)
      }`,
    );
  });
}

/**
 * Fixed parts of the tasks that cost much less to evaluate on than whole corpora, and
 * are as hard: of each task some queries, every passage that is judged for them, the
 * best of several systems' rankings of the whole corpus, and some passages by lot. A
 * random cut of a corpus takes away the very passages that are hard to tell from the
 * right ones, and so turns winners (measured in docs/pools.md); this keeps them.
 *
 * Make it once, with systems that are not among those to be compared, and evaluate all
 * of them on it. A model that ranks passages high which none of the systems found has
 * an advantage on it; the more unlike the systems are, the smaller.
 *
 * @param suite The tasks.
 * @param systems Rankings by the name of the system: for each task, in the suite's
 * order, a run over the whole corpus of the queries that {@linkcode poolQueries} gives.
 * @param options Sizes and split.
 * @returns The pool.
 * @throws {RangeError} If there is no system, a run lacks a query or names a passage
 * that isn't in the corpus, or a size is out of range.
 *
 * @example Usage
 * ```ts
 * import { makePool, pooledSuite, poolQueries } from "@tdro/tdro/eval";
 * import { bm25Retriever } from "@tdro/tdro/search";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = Array.from({ length: 40 }, (_, i) => ({
 *   query: `what is ${i}`, passage: `${i} is a number`, split: "test",
 * }));
 * const suite = { name: "mine", tasks: [await taskFromRows(rows, { name: "numbers" })] };
 * const sizes = { queries: 10, depth: 2, random: 3 };
 * const bm25 = await Promise.all(suite.tasks.map(async (task) =>
 *   await bm25Retriever(task)(poolQueries(task, sizes), sizes.depth)
 * ));
 * const pool = makePool(suite, { bm25 }, sizes);
 * const [part] = (await pooledSuite(suite, pool)).tasks;
 * assert.equal(part!.qrels.test!.size, 10);
 * assert.ok(part!.corpus.size >= 13 && part!.corpus.size < 40);
 * ```
 */
export function makePool(
  suite: Suite,
  systems: Readonly<Record<string, readonly Run[]>>,
  options: MakePoolOptions = {},
): Pool {
  const { split = "test", ...given } = options;
  const sizes = checkedSizes({ ...POOL_SIZES, ...given });
  const names = Object.keys(systems);
  if (names.length === 0) fail("it needs the rankings of a system: got none");
  for (const name of names) {
    if (systems[name]!.length !== suite.tasks.length) {
      fail(
        `${name} must have a run for each of the ${suite.tasks.length} tasks: got ${
          systems[name]!.length
        }`,
      );
    }
  }
  return {
    format: "tdro-pool/1",
    suite: suite.name,
    split,
    sizes,
    systems: names,
    tasks: suite.tasks.map((task, k) =>
      poolTask(task, {
        split,
        sizes,
        runs: names.map((name) => ({ name, run: systems[name]![k]! })),
      })
    ),
  };
}

function poolTask(
  task: Task,
  { split, sizes, runs }: {
    split: SplitName;
    sizes: PoolSizes;
    runs: { name: string; run: Run }[];
  },
): PoolTask {
  const queries = poolQueries(task, { split, queries: sizes.queries });
  const qrels = task.qrels[split]!;
  const judged = new Set<string>();
  const ranked = new Set<string>();
  for (const { id } of queries) {
    for (const passage of qrels.get(id)!.keys()) {
      // Judgments may be of passages that the corpus has lost.
      if (task.corpus.has(passage)) judged.add(passage);
    }
    for (const { name, run } of runs) {
      const scores = run.get(id);
      if (!scores) {
        fail(
          `the run of ${name} on task ${
            JSON.stringify(task.name)
          } has no query ${JSON.stringify(id)}`,
        );
      }
      for (const passage of best(scores, sizes.depth)) {
        if (!task.corpus.has(passage)) {
          fail(
            `the run of ${name} names passage ${
              JSON.stringify(passage)
            }, which is not in the corpus of task ${JSON.stringify(task.name)}`,
          );
        }
        ranked.add(passage);
      }
    }
  }
  const others = [...task.corpus.keys()]
    .filter((id) => !judged.has(id) && !ranked.has(id));
  const random = new Set(
    byLot(others, (id) => hash32(`pool\n${id}`)).slice(0, sizes.random),
  );
  const passages = [...task.corpus.keys()]
    .filter((id) => judged.has(id) || ranked.has(id) || random.has(id));
  return {
    task: task.name,
    sha256: wholeHash(task, split),
    whole: { queries: qrels.size, passages: task.corpus.size },
    queries: queries.map(({ id }) => id),
    passages,
    counts: {
      judged: judged.size,
      ranked: passages.length - judged.size - random.size,
      random: random.size,
    },
  };
}

/** Hash of all that a pool of the task depends on. */
export function wholeHash(task: Task, split: SplitName): string {
  const qrels = task.qrels[split] ?? new Map();
  const queries = [...qrels.keys()]
    .map((id) => task.queries.get(id) ?? { id, text: "" });
  const hash = new DataHash(queries, qrels);
  for (const passage of task.corpus.values()) hash.add(passage);
  return hash.end().sha256;
}

/** The passages with the highest scores; of equal ones the last by id, as in metrics. */
function best(scores: ReadonlyMap<string, number>, depth: number): string[] {
  return [...scores]
    .sort(([a, x], [b, y]) => y - x || (a < b ? 1 : -1))
    .slice(0, depth)
    .map(([id]) => id);
}

function checkedSizes(sizes: PoolSizes): PoolSizes {
  const least = { queries: 1, depth: 1, random: 0 };
  for (const [name, low] of Object.entries(least)) {
    const value = sizes[name as keyof PoolSizes];
    if (!(Number.isSafeInteger(value) && value >= low)) {
      fail(`${name} must be an integer >= ${low}: got ${value}`);
    }
  }
  return sizes;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot make a pool: ${reason}`);
}

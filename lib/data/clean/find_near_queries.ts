import type { Query, SplitName, Suite } from "../types.ts";
import { SimhashIndex, type SimhashMatch } from "./simhash_index.ts";

/** Where a query stands. */
export interface QueryPlace {
  /** Name of the suite. */
  suite: string;
  /** Name of the task. */
  task: string;
  /** Split whose judgments judge it. */
  split: SplitName;
  /** Id of the query. */
  query: string;
  /** Its text. */
  text: string;
}

/** A query of a training split, with the queries that it is too near to. */
export interface NearQuery extends QueryPlace {
  /** The nearest ones first. */
  near: (QueryPlace & {
    /** Bits in which the two values differ. */
    distance: number;
  })[];
}

/** Options for {@linkcode findNearQueries}. */
export interface NearQueryOptions {
  /** Most bits of 64 in which near texts differ. @default {2} */
  distance?: number;
  /** Splits whose queries are looked at. @default {["train"]} */
  splits?: readonly SplitName[];
  /** Splits that must not be known beforehand. @default {["test", "dev"]} */
  against?: readonly SplitName[];
  /** More suites whose `against` splits must not be known. @default {[]} */
  benchmarks?: readonly Suite[];
}

/**
 * Finds leakage between splits: queries to be trained on that are near queries
 * to be tested with, in any task of the suite or of a benchmark. Near is what
 * {@linkcode simhash} says: the same letters, or nearly so. Only queries are
 * compared, and queries without a letter or digit are in nobody's way, as in
 * the reference (spec section 17.1).
 *
 * @param suite The tasks.
 * @param options Which splits, and how near.
 * @yields Each such query, in the order of the suite, with what it is near to.
 * @throws {RangeError} If the distance isn't an integer from 0 to 63.
 *
 * @example Usage
 * ```ts
 * import { findNearQueries } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const judged = new Map([["p", 1]]);
 * const found = [...findNearQueries({
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
 * })];
 * assert.deepEqual(found.map(({ query, near }) => [query, near[0]!.query]), [["a", "b"]]);
 * ```
 */
export function* findNearQueries(
  suite: Suite,
  options: NearQueryOptions = {},
): Generator<NearQuery> {
  const { splits = ["train"], against = ["test", "dev"], benchmarks = [] } =
    options;
  const index = new SimhashIndex<QueryPlace>(options);
  for (const tested of [suite, ...benchmarks]) {
    for (const place of queriesOf(tested, against)) {
      if (/[\p{L}\p{N}]/u.test(place.text)) index.add(place.text, place);
    }
  }
  for (const place of queriesOf(suite, splits)) {
    const near = index.find(place.text)
      .filter(({ item }) => !isSame(item, place))
      .map(flat);
    if (near.length > 0) yield { ...place, near };
  }
}

/**
 * Finds queries of one split of one task that are near an earlier one there,
 * which they repeat. The reference leaves them in.
 *
 * @param suite The tasks.
 * @param options Which splits, and how near; `against` and `benchmarks` play
 * no part.
 * @yields Each repetition, in the order of the suite, with the queries before
 * it that it repeats; those are no repetitions themselves.
 * @throws {RangeError} If the distance isn't an integer from 0 to 63.
 *
 * @example Usage
 * ```ts
 * import { findRepeatedQueries } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...findRepeatedQueries({ name: "empty", tasks: [] })], []);
 * ```
 */
export function* findRepeatedQueries(
  suite: Suite,
  options: Pick<NearQueryOptions, "distance" | "splits"> = {},
): Generator<NearQuery> {
  const { splits = ["train"] } = options;
  for (const task of suite.tasks) {
    for (const split of splits) {
      const index = new SimhashIndex<QueryPlace>(options);
      const one = { name: suite.name, tasks: [task] };
      for (const place of queriesOf(one, [split])) {
        const near = index.find(place.text).map(flat);
        if (near.length > 0) yield { ...place, near };
        else index.add(place.text, place);
      }
    }
  }
}

/** Queries with a judgment in one of the splits; split by split, task by task. */
function* queriesOf(
  suite: Suite,
  splits: readonly SplitName[],
): Generator<QueryPlace> {
  for (const { name: task, queries, qrels } of suite.tasks) {
    for (const split of splits) {
      for (const id of qrels[split]?.keys() ?? []) {
        const found: Query | undefined = queries.get(id);
        if (!found) continue;
        yield { suite: suite.name, task, split, query: id, text: found.text };
      }
    }
  }
}

/** A query isn't near itself; but one id in two splits is leakage. */
function isSame(a: QueryPlace, b: QueryPlace): boolean {
  return a.suite === b.suite && a.task === b.task && a.split === b.split &&
    a.query === b.query;
}

function flat({ item, distance }: SimhashMatch<QueryPlace>) {
  return { ...item, distance };
}

import type { Qrels, SplitName, TaskInfo } from "../types.ts";
import { Growing } from "./growing.ts";
import type { JudgmentStore } from "./judgment_store.ts";
import { splitQueries } from "./split_queries.ts";
import type { TextStore } from "./text_store.ts";

/** A task without its texts. */
export interface BuiltTask {
  info: TaskInfo;
  /** The judgments of a split, query by query. */
  judgments(split: SplitName): Generator<JudgedQuery>;
}

/** A query of a split, with what is judged for it. */
export interface JudgedQuery {
  query: string;
  /** Passage id → grade. */
  grades: Map<string, number>;
}

/** What a task is put together from. */
interface Parts {
  info: TaskInfo;
  queries: TextStore;
  passages: TextStore;
  /** By the queries' numbers. */
  lots: Growing<Float64Array>;
  judgments: JudgmentStore;
  shares: { dev: number; test: number };
}

/** Says which judgment is in which split: as rows name them, else by lots. */
export function builtTask(parts: Parts): BuiltTask {
  const { info, queries, passages, judgments } = parts;
  const order = judgments.byQuery(queries.size);
  const splitOf = splitsOf(parts);
  return {
    info,
    *judgments(wanted) {
      let current = -1;
      let grades = new Map<string, number>();
      for (const index of order) {
        const { query, passage, grade, split } = judgments.at(index);
        if (splitOf(query, split) !== wanted) continue;
        if (query !== current) {
          if (grades.size > 0) yield { query: queries.id(current), grades };
          current = query;
          grades = new Map();
        }
        const id = passages.id(passage);
        if (!grades.has(id)) grades.set(id, grade);
      }
      if (grades.size > 0) yield { query: queries.id(current), grades };
    },
  };
}

/** The split of a judgment: its own, its query's, or what lots say. */
function splitsOf(
  { queries, judgments, lots, shares: { dev, test } }: Parts,
): (query: number, named: SplitName | undefined) => SplitName {
  // A query that some row gives a split keeps it in all its rows.
  const ofQuery: (SplitName | undefined)[] = Array(queries.size);
  const matched = new Uint8Array(queries.size);
  const named = new Set<SplitName>();
  for (let i = 0; i < judgments.size; i++) {
    const { query, split, grade } = judgments.at(i);
    if (split) {
      ofQuery[query] = split;
      named.add(split);
    }
    if (grade > 0) matched[query] = 1;
  }
  const pool = new Growing(Int32Array);
  matched.forEach((match, query) => {
    const isTrain = (ofQuery[query] ?? "train") === "train";
    if (match === 1 && isTrain) pool.push(query);
  });
  const drawn = splitQueries(pool.values(), {
    dev: named.has("dev") ? 0 : dev,
    test: named.has("test") ? 0 : test,
    lot: (query) => lots.at(query),
  });
  return (query, split) => {
    const said = split ?? ofQuery[query] ?? "train";
    return said === "train" ? drawn.get(query) ?? said : said;
  };
}

/** The judgments of a split, in memory. */
export function qrelsOf(task: BuiltTask, split: SplitName): Qrels {
  const qrels: Qrels = new Map();
  for (const { query, grades } of task.judgments(split)) {
    qrels.set(query, grades);
  }
  return qrels;
}

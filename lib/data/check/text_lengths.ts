import { passageText } from "../../base/texts/passage_text.ts";
import type { Suite, Task } from "../types.ts";

/** How many texts of a task have a length. */
export interface TextLength {
  /** Name of the task. */
  task: string;
  /** What the texts are. */
  kind: "queries" | "passages";
  /** Their length. */
  length: number;
  /** How many have it. */
  count: number;
}

/** What holds of the lengths of a task's queries or passages. */
export interface LengthSummary {
  /** Name of the task. */
  task: string;
  /** What the texts are. */
  kind: "queries" | "passages";
  /** How many there are. */
  count: number;
  /** Half of them are at most this long. */
  median: number;
  /** 95 % of them are at most this long. */
  p95: number;
  /** The longest. */
  max: number;
  /** Share that is longer than the limit; absent without one. */
  cut?: number;
  /** How many have each power of two: `from` ≤ length < 2 · `from`; 0 by itself. */
  histogram: { from: number; count: number }[];
}

/** Options of {@linkcode textLengths}. */
export interface TextLengthsOptions {
  /** Length of a text, e.g. in tokens. @default characters (UTF-16 units) */
  lengthOf?: (text: string) => number;
}

/**
 * Counts the lengths of all texts of a suite (passages with title, queries
 * without prompt), in the form that `lengthHistogram` of the report plots.
 *
 * @param suite The tasks.
 * @param options What is counted.
 * @returns For each task and kind the lengths that occur, shortest first.
 *
 * @example Usage
 * ```ts
 * import { taskFromRows, textLengths } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const task = await taskFromRows([{ query: "When?", passage: "At nine." }]);
 * const [row] = textLengths({ name: "demo", tasks: [task] });
 * assert.deepEqual(row, { task: "task", kind: "queries", length: 5, count: 1 });
 * ```
 */
export function textLengths(
  suite: Suite,
  { lengthOf = (text) => text.length }: TextLengthsOptions = {},
): TextLength[] {
  return suite.tasks.flatMap((task) =>
    (["queries", "passages"] as const).flatMap((kind) => {
      const counts = new Map<number, number>();
      for (const text of textsOf(task, kind)) {
        const length = lengthOf(text);
        counts.set(length, (counts.get(length) ?? 0) + 1);
      }
      return [...counts].sort(([a], [b]) => a - b)
        .map(([length, count]) => ({ task: task.name, kind, length, count }));
    })
  );
}

/** The texts as an encoder gets them, without prompts. */
export function* textsOf(
  task: Task,
  kind: "queries" | "passages",
): Generator<string> {
  if (kind === "queries") {
    for (const { text } of task.queries.values()) yield text;
  } else for (const passage of task.corpus.values()) yield passageText(passage);
}

/** One row for each task and kind of {@linkcode textLengths}. */
export function summariseLengths(
  lengths: readonly TextLength[],
  limit?: number,
): LengthSummary[] {
  const groups = Map.groupBy(lengths, ({ task, kind }) => `${kind} ${task}`);
  return [...groups.values()].map((rows) => {
    const { task, kind } = rows[0]!;
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    const quantile = (q: number) => {
      let below = 0;
      return rows.find((row) => (below += row.count) >= q * count)!.length;
    };
    const summary = {
      task,
      kind,
      count,
      median: quantile(0.5),
      p95: quantile(0.95),
      max: rows.at(-1)!.length,
    };
    const histogram = byPowers(rows);
    if (limit === undefined) return { ...summary, histogram };
    const long = rows.filter(({ length }) => length > limit)
      .reduce((sum, row) => sum + row.count, 0);
    return { ...summary, cut: long / count, histogram };
  });
}

function byPowers(rows: readonly TextLength[]): LengthSummary["histogram"] {
  const bins = new Map<number, number>();
  for (const { length, count } of rows) {
    const from = length < 1 ? 0 : 2 ** Math.floor(Math.log2(length));
    bins.set(from, (bins.get(from) ?? 0) + count);
  }
  return [...bins].map(([from, count]) => ({ from, count }));
}

import { type ColumnTable, table } from "./arquero.ts";
import { needRows, numberField, textField } from "../read_rows.ts";
import type { Rows } from "../rows.ts";

/** One task in a comparison of mixtures; input of {@linkcode resultsTable}. */
export interface ResultRow {
  /** Task name. */
  task: string;
  /** Number of training rows; null if unknown. */
  size?: number | null;
  /** Learned domain weight, no unit; null if unknown. */
  weight?: number | null;
  /** nDCG@10 of BM25, in [0, 1]. */
  bm25?: number | null;
  /** nDCG@10 of the model before training, in [0, 1]. */
  start?: number | null;
  /** nDCG@10 after training with uniform weights, in [0, 1]. */
  uniform?: number | null;
  /** nDCG@10 after training with the learned weights, in [0, 1]. */
  reweighted?: number | null;
  /** nDCG@10 after training on the heaviest tasks only, in [0, 1]. */
  top?: number | null;
}

const ACTION = "make a results table";

/**
 * The table that a comparison of mixtures ends in: the given columns (`bm25` and
 * `start` only where a row has them), the
 * differences to uniform (`reweightedDiff`, `topDiff`), and a last row named
 * `mean`.
 *
 * A difference is null where one of its two numbers is. Each number of the mean
 * row is the mean over the tasks for which its column is known, null if there
 * is none; so with unknown values the mean of the differences (which compares
 * like with like) need not equal the difference of the means. `size` and
 * `weight` have no mean: the mean weight is 1/K whatever was learned.
 *
 * @param rows One row a task; values unknown so far are null or absent.
 * @returns An Arquero table of K + 1 rows, in the order given.
 * @throws {RangeError} If there are no rows, a task has no name, or a number is
 * out of range.
 *
 * @example Usage
 * ```ts
 * import { resultsTable } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const table = resultsTable([
 *   { task: "dom-prose", size: 900, weight: 0.75, uniform: 0.5, reweighted: 0.75 },
 *   { task: "node-api", size: 300, weight: 0.25, uniform: 0.5, reweighted: 0.25 },
 * ]);
 * assert.equal(table.get("reweightedDiff", 0), 0.25);
 * assert.equal(table.get("task", 2), "mean");
 * assert.equal(table.get("reweighted", 2), 0.5);
 * ```
 */
export function resultsTable(rows: Rows<ResultRow>): ColumnTable {
  const checked = needRows(rows, ACTION);
  const score = (field: string) =>
    checked.map((row, index) =>
      numberField(row, field, { index, action: ACTION, range: [0, 1] })
    );
  const positive = (field: string) =>
    checked.map((row, index) =>
      numberField(row, field, { index, action: ACTION, range: [0, Infinity] })
    );
  const bm25 = score("bm25");
  const start = score("start");
  const uniform = score("uniform");
  const reweighted = score("reweighted");
  const top = score("top");
  const reweightedDiff = differences(reweighted, uniform);
  const topDiff = differences(top, uniform);
  const tasks = checked.map((row, index) =>
    textField(row, "task", { index, action: ACTION })
  );
  const sizes = positive("size");
  const weights = positive("weight");
  return table({
    task: [...tasks, "mean"],
    size: [...sizes, null],
    weight: [...weights, null],
    ...column("bm25", bm25),
    ...column("start", start),
    uniform: [...uniform, mean(uniform)],
    reweighted: [...reweighted, mean(reweighted)],
    top: [...top, mean(top)],
    reweightedDiff: [...reweightedDiff, mean(reweightedDiff)],
    topDiff: [...topDiff, mean(topDiff)],
  });
}

/** A column of scores with their mean; none where nothing is known. */
function column(
  name: string,
  values: readonly (number | null)[],
): Record<string, (number | null)[]> {
  const known = values.some((value) => value !== null);
  return known ? { [name]: [...values, mean(values)] } : {};
}

function differences(
  values: readonly (number | null)[],
  base: readonly (number | null)[],
): (number | null)[] {
  return values.map((value, i) => {
    const from = base[i] ?? null;
    return value === null || from === null ? null : value - from;
  });
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0
    ? null
    : known.reduce((sum, value) => sum + value, 0) / known.length;
}

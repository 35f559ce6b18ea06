import type { FinishedRunLike, MetricsLineLike } from "../plots/shapes.ts";
import { type ColumnTable, tableOf } from "./arquero.ts";
import { updateRows, updateTaskRows } from "./object_rows.ts";

/** Options for {@linkcode metricsTable}. */
export interface MetricsTableOptions {
  /**
   * What has a row: each update, or each task of each update, with its loss, that of
   * the reference model, and its weight. @default {"update"}
   */
  by?: "update" | "task";
}

/**
 * The log of a run as an Arquero table.
 *
 * @param run What `learn()`, `runExperiment()` or `readRun()` gave.
 * @param options What has a row.
 * @returns The rows, in the order of the log; null where a number isn't known.
 * @throws {RangeError} If the run has no log.
 *
 * @example Usage
 * ```ts
 * import { metricsTable } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const run = { // stands for await learn(…)
 *   summary: {
 *     suite: "mine", seed: 1, mean: { uniform: 0.5 },
 *     tasks: [{ name: "faq", size: 9, weight: 1, ndcg: { uniform: 0.5 } }],
 *   },
 *   metrics: [{ stage: "weights", step: 0, loss: 2, lossByTask: { faq: 2 }, weights: [1] }],
 * };
 * assert.deepEqual(metricsTable(run).array("loss"), [2]);
 * assert.deepEqual(metricsTable(run, { by: "task" }).array("weight"), [1]);
 * ```
 */
export function metricsTable(
  { summary, metrics }: FinishedRunLike,
  { by = "update" }: MetricsTableOptions = {},
): ColumnTable {
  if (metrics === undefined) {
    throw new RangeError(
      "Cannot make a table of metrics: run must have its log: got none; read the run by readRun()",
    );
  }
  const lines: readonly MetricsLineLike[] = metrics;
  return tableOf(
    by === "task"
      ? updateTaskRows(lines, summary.tasks.map(({ name }) => name))
      : updateRows(lines),
  );
}

import {
  type EvalReportLike,
  type FinishedRunLike,
  isEvalReport,
} from "../plots/shapes.ts";
import { type ColumnTable, tableOf } from "./arquero.ts";
import { queryScoreRows, scoreRows } from "./object_rows.ts";

/** Options for {@linkcode scoresTable}. */
export interface ScoresTableOptions {
  /** What has a row: each task, or each of its queries. @default {"task"} */
  by?: "task" | "query";
}

/**
 * What an evaluation measured, as an Arquero table with a column for each metric.
 *
 * @param scores The report of an evaluation; or a run, whose arms and baselines then
 * have rows of their own, told apart by the column `arm`.
 * @param options What has a row.
 * @returns The rows.
 * @throws {RangeError} If the run has no evaluation.
 *
 * @example Usage
 * ```ts
 * import { scoresTable } from "@tdro/tdro/report";
 * import { collectReport, evaluateRetriever } from "@tdro/tdro/eval";
 * import { suiteFromRows } from "@tdro/tdro/data";
 * import { bm25Retriever } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const rows = [{
 *   topic: "capitals",
 *   query: "capital of France",
 *   passage: "France: Paris",
 *   split: "test",
 * }];
 * const suite = await suiteFromRows(rows, { task: "topic" });
 * const report = await collectReport(evaluateRetriever(bm25Retriever, suite));
 * assert.deepEqual(scoresTable(report).array("nDCG@10"), [1]);
 * assert.equal(scoresTable(report, { by: "query" }).numRows(), 1);
 * ```
 */
export function scoresTable(
  scores: EvalReportLike | FinishedRunLike,
  { by = "task" }: ScoresTableOptions = {},
): ColumnTable {
  const rowsOf = by === "query" ? queryScoreRows : scoreRows;
  if (isEvalReport(scores)) return tableOf(rowsOf(scores));
  const { reports } = scores;
  if (reports === undefined) {
    throw new RangeError(
      "Cannot make a table of scores: run must have its evaluation: got none; its eval.json is gone",
    );
  }
  return tableOf(
    Object.entries(reports).flatMap(([arm, report]) =>
      rowsOf(report).map((row) => ({ arm, ...row }))
    ),
  );
}

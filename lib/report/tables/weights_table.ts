import {
  type FinishedRunLike,
  isFinishedRun,
  type WeightFileLike,
} from "../plots/shapes.ts";
import { type ColumnTable, tableOf } from "./arquero.ts";
import { learnedRows, weightRows } from "./object_rows.ts";

/**
 * Domain weights as an Arquero table: of a weight file, with the passes over each
 * task's rows; or those that a run learned, beside what the other measure would have
 * given (`otherWeight`).
 *
 * @param weights A weight file, or a run.
 * @returns A row for each task; `timesUniform` is 1 for a task drawn as often as
 * under uniform weights.
 *
 * @example Usage
 * ```ts
 * import { weightsTable } from "@tdro/tdro/report";
 * import { weightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = weightFile({ names: ["a", "b"], weights: [0.75, 0.25], sizes: [9, 9] });
 * assert.deepEqual(weightsTable(file).array("timesUniform"), [1.5, 0.5]);
 * ```
 */
export function weightsTable(
  weights: WeightFileLike | FinishedRunLike,
): ColumnTable {
  return tableOf(
    isFinishedRun(weights) ? learnedRows(weights) : weightRows(weights),
  );
}

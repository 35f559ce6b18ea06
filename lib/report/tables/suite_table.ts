import type { SuiteLike } from "../plots/shapes.ts";
import { type ColumnTable, tableOf } from "./arquero.ts";
import { taskRows } from "./object_rows.ts";

/**
 * The tasks of a suite as an Arquero table: kind, language, prompt, and how many
 * passages, queries and judged queries of each split there are.
 *
 * @param suite The suite.
 * @returns A row for each task, in the suite's order.
 *
 * @example Usage
 * ```ts
 * import { suiteTable } from "@tdro/tdro/report";
 * import { suiteFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ query: "capital of France", passage: "Paris", task: "capitals" }];
 * const suite = await suiteFromRows(rows, { task: "task" });
 * const table = suiteTable(suite).select("task", "passages");
 * assert.deepEqual(table.objects(), [{ task: "capitals", passages: 1 }]);
 * ```
 */
export function suiteTable(suite: SuiteLike): ColumnTable {
  return tableOf(taskRows(suite));
}

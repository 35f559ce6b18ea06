import type { EvalReport, TaskReport } from "./eval_report.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/**
 * Runs an evaluation to its end.
 *
 * @param evaluation What `evaluate()` or its like returned, not yet at its end.
 * @param onTask Called with each task's report when it is done.
 * @returns The report of the suite.
 *
 * @example Usage
 * ```ts
 * import { collectReport, type evaluate } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * // Stands for a real evaluation, which takes an encoder and a suite.
 * async function* evaluation(): ReturnType<typeof evaluate> {
 *   return await Promise.resolve({
 *     format: "tdro-eval/1",
 *     suite: "none",
 *     settings: {
 *       split: "test",
 *       metrics: ["MAP"],
 *       k: 10,
 *       prompts: "none",
 *       ignoreIdenticalIds: false,
 *       ties: "float32 score descending, then passage id descending",
 *     },
 *     tasks: [],
 *     mean: { MAP: 0.5 },
 *   });
 * }
 * assert.equal((await collectReport(evaluation())).mean.MAP, 0.5);
 * ```
 */
export async function collectReport<
  Task extends TaskReport,
  Report extends EvalReport,
>(
  evaluation: AsyncGenerator<Task, Report>,
  onTask?: (report: Task) => void,
): Promise<Report> {
  for (;;) {
    const next = await evaluation.next();
    if (next.done) return selfShowing(next.value);
    onTask?.(next.value);
  }
}

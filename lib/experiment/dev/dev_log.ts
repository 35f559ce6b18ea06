import { z } from "zod";
import { LineLog } from "../stages/line_log.ts";

/** One line of `dev.jsonl`: an evaluation on dev queries while an arm was trained. */
export interface DevLine {
  /** Stage of the run: the arm. */
  stage: string;
  /** Updates made before it; 0 is the start. */
  step: number;
  /** Mean nDCG@10 over the tasks. */
  mean: number;
  /** nDCG@10 by task name. */
  ndcgByTask: Record<string, number>;
  /** Mean nDCG@10 of vectors cut to a length, by it; with `matryoshka` alone. */
  meanByDim?: Record<string, number> | undefined;
  /** Wall time in seconds. */
  seconds: number;
}

/** What a line must hold for whoever reads it. */
export const devLineSchema: z.ZodType<DevLine> = z.object({
  stage: z.string(),
  step: z.int().min(0),
  mean: z.number(),
  ndcgByTask: z.record(z.string(), z.number()),
  meanByDim: z.record(z.string(), z.number()).optional(),
  seconds: z.number(),
});

/** The evaluations of a run while it trains: a line each, appended as it happens. */
export class DevLog extends LineLog<DevLine> {
  /** @param folder The run's folder. */
  constructor(folder: string) {
    super(folder, "dev.jsonl", devLineSchema);
  }
}

/** One task at one evaluation: a row for tables and plots. */
export interface DevRow {
  /** The arm. */
  arm: string;
  /** Updates made before the evaluation; 0 is the start. */
  step: number;
  /** Task name. */
  task: string;
  /** nDCG@10 on its dev queries. */
  ndcg: number;
  /** Wall time of the evaluation of all tasks, in seconds. */
  seconds: number;
}

/**
 * The evaluations of a run while it trained.
 *
 * @param folder Folder of the run, or of one seed of an arena.
 * @returns One entry for each evaluation, in order; none if there were none.
 * @throws {SyntaxError} If the log is damaged.
 *
 * @example Usage
 * ```ts
 * import { devRows, readDev } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(devRows(await readDev("no/such/run")), []);
 * ```
 */
export async function readDev(folder: string): Promise<DevLine[]> {
  return await new DevLog(folder).lines();
}

/**
 * A row for each task of each evaluation.
 *
 * @param lines What {@linkcode readDev} gives.
 *
 * @example Usage
 * ```ts
 * import { devRows } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const ndcgByTask = { faq: 0.2, code: 0.4 };
 * const rows = devRows([{ stage: "uniform", step: 50, mean: 0.3, ndcgByTask, seconds: 1 }]);
 * assert.deepEqual(rows.map(({ task, ndcg }) => [task, ndcg]), [["faq", 0.2], ["code", 0.4]]);
 * ```
 */
export function devRows(lines: readonly DevLine[]): DevRow[] {
  return lines.flatMap(({ stage: arm, step, ndcgByTask, seconds }) =>
    Object.entries(ndcgByTask).map(([task, ndcg]) => ({
      arm,
      step,
      task,
      ndcg,
      seconds,
    }))
  );
}

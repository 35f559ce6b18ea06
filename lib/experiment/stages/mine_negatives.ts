import type { ProgressEvent } from "../../base/progress_event.ts";
import {
  type Suite,
  type TrainExample,
  trainExamples,
} from "../../data/mod.ts";
import { createRng } from "../../sampling/mod.ts";
import { mineHardNegatives, type MineStatistics } from "../../search/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";

/** Training rows with their mined negatives. */
export interface MinedRows {
  /** Rows of each task. */
  rows: TrainExample[][];
  /** What mining did, by task name. */
  statistics: Record<string, MineStatistics>;
}

/**
 * Mines hard negatives by BM25 for every task's training queries.
 *
 * @throws {RangeError} If a query has none: stage 1 needs one at least.
 */
export async function* mineStage(
  options: ExperimentOptions,
  suite: Suite,
  signal?: AbortSignal,
): AsyncGenerator<ProgressEvent, MinedRows> {
  const event = {
    stage: "negatives",
    label: "mining hard negatives (BM25)",
    total: suite.tasks.length,
  };
  const statistics: [string, MineStatistics][] = [];
  const negatives: Map<string, string[]>[] = [];
  for (const [done, task] of suite.tasks.entries()) {
    yield { ...event, done, note: task.name };
    const mined = await mineHardNegatives(task, {
      rng: createRng(options.seed, `negatives/${task.name}`),
      count: options.negatives,
      signal,
    });
    negatives.push(mined.negatives);
    statistics.push([task.name, mined.statistics]);
  }
  yield { ...event, done: suite.tasks.length };
  const rows = trainExamples(suite, { negatives });
  checkNegatives(suite, rows);
  return { rows, statistics: Object.fromEntries(statistics) };
}

/** Said here, since sampling would say it only when it comes to that row. */
function checkNegatives(
  suite: Suite,
  rows: readonly (readonly TrainExample[])[],
): void {
  const bare = rows.flat().find((row) => row.negatives.length === 0);
  if (!bare) return;
  throw new RangeError(
    `Cannot run the experiment: query ${
      JSON.stringify(bare.query.id)
    } of task ${
      JSON.stringify(suite.tasks[bare.domain]!.name)
    } has no hard negatives: its corpus holds only answers to it, and passages too near to them; add passages, or leave the query out`,
  );
}

import { join } from "node:path";
import {
  type Suite,
  type TrainExample,
  trainExamples,
  writeWhole,
} from "../data/mod.ts";
import { createRng } from "../sampling/mod.ts";
import { mineHardNegatives, type MineStatistics } from "../search/mod.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import type { ProgressEvent } from "./progress_event.ts";

/** Training rows with their mined negatives. */
export interface MinedRows {
  /** Rows of each task. */
  rows: TrainExample[][];
  /** What mining did, by task name. */
  statistics: Record<string, MineStatistics>;
}

/** Mines hard negatives by BM25 for every task's training queries. */
export async function* mineStage(
  options: ExperimentOptions,
  suite: Suite,
  signal?: AbortSignal,
): AsyncGenerator<ProgressEvent, MinedRows> {
  const statistics: Record<string, MineStatistics> = {};
  const negatives: Map<string, string[]>[] = [];
  for (const [k, task] of suite.tasks.entries()) {
    yield {
      stage: "negatives",
      label: "mining hard negatives (BM25)",
      done: k,
      total: suite.tasks.length,
      note: task.name,
    };
    const mined = await mineHardNegatives(task, {
      rng: createRng(options.seed, `negatives/${task.name}`),
      count: options.negatives,
      ...(signal ? { signal } : {}),
    });
    negatives.push(mined.negatives);
    statistics[task.name] = mined.statistics;
  }
  await writeWhole(
    join(options.out, "negatives.json"),
    JSON.stringify(statistics, null, 2) + "\n",
  );
  yield {
    stage: "negatives",
    label: "mining hard negatives (BM25)",
    done: suite.tasks.length,
    total: suite.tasks.length,
  };
  return { rows: trainExamples(suite, { negatives }), statistics };
}

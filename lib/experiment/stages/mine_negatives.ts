import type { ProgressEvent } from "../../base/progress_event.ts";
import {
  type Suite,
  type TrainExample,
  trainExamples,
} from "../../data/mod.ts";
import { disposeTowers, loadTowers } from "../../model/mod.ts";
import type { MineStatistics } from "../../search/mod.ts";
import type { ExperimentOptions } from "../experiment_options.ts";
import { parseMineSuiteOptions } from "../mine_suite_options.ts";
import { mineTask } from "../mine_task.ts";
import type { MinedFolder } from "../mined_folder.ts";
import { type BareCounts, bareSentence, fillBareRows } from "./bare_queries.ts";

/** What mining did for a task, and what became of queries without negatives. */
export type NegativeStatistics = MineStatistics & BareCounts;

/** Training rows with their hard negatives. */
export interface MinedRows {
  /** Rows of each task. */
  rows: TrainExample[][];
  /** What mining did, by task name. */
  statistics: Record<string, NegativeStatistics>;
}

/** What {@linkcode mineStage} may be told. */
export interface MineStageOptions {
  /** Negatives that were mined before; absent: they are mined now. */
  mined?: MinedFolder | undefined;
  /** Lengths for a model's texts. @default {as `textLimits()` says of it} */
  lengths?: { queryLength: number; passageLength: number } | undefined;
  /** Whether each row must have a hard negative. @default {true} */
  needed?: boolean;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal | undefined;
}

/** Rows and statistics before anything is filled or left out. */
interface Found {
  rows: TrainExample[][];
  statistics: Record<string, MineStatistics>;
}

/**
 * Finds hard negatives for every task's training queries, or takes those that were
 * mined before.
 *
 * @throws {RangeError} If no query of a task has one.
 */
export async function* mineStage(
  options: ExperimentOptions,
  suite: Suite,
  { mined, needed = true, lengths, signal }: MineStageOptions = {},
): AsyncGenerator<ProgressEvent, MinedRows> {
  const found = mined
    ? yield* readMined(mined, suite)
    : yield* mineAll(options, suite, { lengths, signal });
  const { rows, counts } = needed
    ? fillBareRows(found.rows, suite, options)
    : { rows: found.rows, counts: suite.tasks.map(() => NONE) };
  const byTask = Object.fromEntries(
    suite.tasks.map(({ name }, k) => [name, counts[k]!]),
  );
  const label = bareSentence(byTask);
  if (label) yield { stage: "negatives, bare", label, done: 1, total: 1 };
  const statistics = Object.fromEntries(
    suite.tasks.map(({ name }) => [name, {
      ...found.statistics[name]!,
      ...byTask[name]!,
    }]),
  );
  return { rows, statistics };
}

const NONE: BareCounts = { bareQueries: 0, bareLeftOut: 0 };

async function* readMined(
  mined: MinedFolder,
  suite: Suite,
): AsyncGenerator<ProgressEvent, Found> {
  const { settings } = mined.origin;
  const event = {
    stage: "negatives",
    label: `reading hard negatives of ${mined.folder} (by ${
      shown(settings.by)
    }, ${shown(settings.count)} a query)`,
    total: suite.tasks.length,
  };
  yield { ...event, done: 0 };
  // The folder may have queries that are held out now.
  const rows = (await mined.rows()).map((own, k) =>
    own.filter(({ query }) => suite.tasks[k]!.qrels.train?.has(query.id))
  );
  yield { ...event, done: suite.tasks.length };
  return { rows, statistics: mined.statistics };
}

/** A setting, or that it is not the same for all tasks. */
function shown(setting: unknown): string {
  return typeof setting === "object" ? "various" : String(setting);
}

/** Mines with the settings that `tdro mine` has by default. */
async function* mineAll(
  options: ExperimentOptions,
  suite: Suite,
  { lengths, signal }: Pick<MineStageOptions, "lengths" | "signal">,
): AsyncGenerator<ProgressEvent, Found> {
  const { mineBy, mineModel: model, negatives: count, prompts, seed } = options;
  const settings = parseMineSuiteOptions({
    by: mineBy,
    model,
    count,
    seed,
    prompts,
    ...lengths,
  });
  const event = {
    stage: "negatives",
    label: `mining hard negatives (${LABELS[settings.by]})`,
    total: suite.tasks.length,
  };
  const statistics: [string, MineStatistics][] = [];
  const negatives: Map<string, string[]>[] = [];
  const towers = model === undefined ? undefined : await loadTowers(model);
  try {
    const mining = { settings, towers, decisions: [], signal };
    for (const [done, task] of suite.tasks.entries()) {
      yield { ...event, done, note: task.name };
      const mined = await mineTask(task, mining);
      negatives.push(mined.negatives);
      statistics.push([task.name, mined.statistics]);
    }
  } finally {
    if (towers) disposeTowers(towers);
  }
  yield { ...event, done: suite.tasks.length };
  return {
    rows: trainExamples(suite, { negatives }),
    statistics: Object.fromEntries(statistics),
  };
}

const LABELS = { bm25: "BM25", dense: "dense", fused: "BM25 and dense" };

import { nearestRows } from "../backend/mod.ts";
import type { Task } from "../data/mod.ts";
import { encodeFunction, type Towers } from "../model/mod.ts";
import { createRng } from "../sampling/mod.ts";
import {
  bm25Retriever,
  type DecisionRow,
  decisionsOf,
  denseRetriever,
  fusedRetriever,
  type MinedNegatives,
  mineHardNegatives,
  type RetrieveFunction,
} from "../search/mod.ts";
import type { MineSuiteSettings } from "./mine_suite_options.ts";

/** What the negatives of every task are mined with. */
export interface Mining {
  /** The settings. */
  settings: MineSuiteSettings;
  /** The model, if one is named. */
  towers: Towers | undefined;
  /** What a person said of pairs. */
  decisions: readonly DecisionRow[];
  /** Stops the work at the next batch of queries. */
  signal: AbortSignal | undefined;
}

/** Mines one task; the same settings give the same negatives everywhere. */
export async function mineTask(
  task: Task,
  { settings, towers, decisions, signal }: Mining,
): Promise<MinedNegatives> {
  using dense = towers &&
    await denseRetriever(task, encodeFunction(towers, settings), {
      prepare: (passages) => nearestRows(passages),
      prompts: settings.prompts,
      signal,
    });
  const retrievers: Record<typeof settings.by, () => RetrieveFunction> = {
    bm25: () => bm25Retriever(task),
    dense: () => dense!.retrieve,
    fused: () => fusedRetriever([bm25Retriever(task), dense!.retrieve]),
  };
  return await mineHardNegatives(task, {
    positiveShare: settings.filter ? settings.positiveShare : Infinity,
    margin: settings.filter ? settings.margin : 0,
    withoutPositive: settings.withoutPositive,
    rng: createRng(settings.seed, `negatives/${task.name}`),
    split: settings.split,
    count: settings.count,
    depth: [settings.from, settings.to],
    sampling: settings.sampling,
    nearDuplicates: settings.nearDuplicates,
    fill: settings.fill,
    retrieve: retrievers[settings.by](),
    score: dense?.score,
    decisions: decisionsOf(decisions, task.name),
    signal,
  });
}

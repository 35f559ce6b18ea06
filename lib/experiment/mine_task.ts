import { nearestRows } from "../backend/mod.ts";
import type { Task } from "../data/mod.ts";
import {
  activated,
  type CrossEncoder,
  encodeFunction,
  scorePairs,
  type Towers,
} from "../model/mod.ts";
import { createRng } from "../sampling/mod.ts";
import {
  bm25Retriever,
  type DecisionRow,
  decisionsOf,
  denseRetriever,
  findCandidates,
  type FoundCandidates,
  fusedRetriever,
  MINE_BATCH,
  type MinedNegatives,
  mineHardNegatives,
  type MineOptions,
  pairScorer,
  queriesToMine,
  type RetrieveFunction,
  type ScoreFunction,
} from "../search/mod.ts";
import type { MineSuiteSettings } from "./mine_suite_options.ts";

/** What the negatives of every task are mined with. */
export interface Mining {
  /** The settings. */
  settings: MineSuiteSettings;
  /** The model, if one is named. */
  towers: Towers | undefined;
  /** The cross-encoder, if one is named. */
  teacher?: CrossEncoder | undefined;
  /** What a person said of pairs. */
  decisions: readonly DecisionRow[];
  /** Stops the work at the next batch of queries. */
  signal: AbortSignal | undefined;
}

/** What mining a task gave. */
export interface MinedTask extends MinedNegatives {
  /** Scores by the teacher, without its activation; absent without a teacher. */
  teacherScores?: ScoreFunction | undefined;
}

/** Found candidates by number of the batch. */
export type FoundBatches = ReadonlyMap<number, FoundCandidates>;

/**
 * Mines one task; the same settings give the same negatives everywhere.
 *
 * @param task The task.
 * @param mining What it is mined with.
 * @param found What was found before; the model isn't used if that is all.
 */
export async function mineTask(
  task: Task,
  mining: Mining,
  found: FoundBatches = new Map(),
): Promise<MinedTask> {
  const options = optionsOf(task, mining);
  const count = batchesOf(task, mining);
  const all = Array.from({ length: count }, (_, b) => b).every((b) =>
    found.has(b)
  );
  using finding = all ? undefined : await findingOf(task, mining);
  const mined = await mineHardNegatives(task, {
    ...options,
    ...finding?.options,
    found: (batch) => found.get(batch),
  });
  return { ...mined, teacherScores: finding?.teacherScores };
}

/**
 * Finds the candidates of some batches of a task's queries.
 *
 * @param task The task.
 * @param mining What it is mined with.
 * @param batches First batch, and one past the last.
 */
export async function* findTaskCandidates(
  task: Task,
  mining: Mining,
  batches: readonly [from: number, to: number],
): AsyncGenerator<[batch: number, found: FoundCandidates]> {
  using finding = await findingOf(task, mining);
  const options = { ...optionsOf(task, mining), ...finding.options };
  yield* findCandidates(task, options, batches);
}

/** In how many batches a task's queries are searched. */
export function batchesOf(
  task: Task,
  { settings }: Pick<Mining, "settings">,
): number {
  return Math.ceil(queriesToMine(task, settings).length / MINE_BATCH);
}

/** What finds and scores candidates; a model's vectors of the corpus are made now. */
async function findingOf(
  task: Task,
  { settings, towers, teacher, signal }: Mining,
): Promise<
  & Disposable
  & Pick<MinedTask, "teacherScores">
  & { options: Pick<MineOptions, "retrieve" | "score"> }
> {
  const logits = teacher &&
    pairScorer(
      task,
      (pairs) =>
        scorePairs(teacher, pairs, { signal, precision: settings.computeType }),
    );
  const dense = towers &&
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
  return {
    options: {
      retrieve: retrievers[settings.by](),
      score: logits ? scoring(logits, teacher!) : dense?.score,
    },
    teacherScores: logits,
    [Symbol.dispose]: () => dense?.[Symbol.dispose](),
  };
}

function optionsOf(
  task: Task,
  { settings, decisions, signal }: Mining,
): MineOptions {
  return {
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
    decisions: decisionsOf(decisions, task.name),
    signal,
  };
}

/** The scores by which a teacher's users rank, of its logits. */
function scoring(logits: ScoreFunction, teacher: CrossEncoder): ScoreFunction {
  return async (queries, passages) => {
    const run = await logits(queries, passages);
    return new Map(
      Array.from(run, ([query, scores]) => {
        const values = activated(Float32Array.from(scores.values()), teacher);
        return [
          query,
          new Map([...scores.keys()].map((id, i) => [id, values[i]!])),
        ];
      }),
    );
  };
}

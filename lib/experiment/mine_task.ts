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
  fusedRetriever,
  type MinedNegatives,
  mineHardNegatives,
  pairScorer,
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

/** Mines one task; the same settings give the same negatives everywhere. */
export async function mineTask(
  task: Task,
  { settings, towers, teacher, decisions, signal }: Mining,
): Promise<MinedTask> {
  const logits = teacher &&
    pairScorer(task, (pairs) => scorePairs(teacher, pairs, { signal }));
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
  const mined = await mineHardNegatives(task, {
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
    score: logits ? scoring(logits, teacher!) : dense?.score,
    decisions: decisionsOf(decisions, task.name),
    signal,
  });
  return { ...mined, teacherScores: logits };
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

import type { Passage, Query, SplitName, Task } from "../../data/types.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";
import type { FailedRequest } from "../client/ask_all.ts";
import { positivesOf } from "../judge/judge_negatives.ts";

/** A passage that a language model wrote for a query. */
export interface GeneratedPassage extends Passage {
  /** How well it should answer the query: 3 fully, 2 in part, 1 and 0 not at all. */
  grade: 0 | 1 | 2 | 3;
  /** The requirement that it should violate, where it was written for one. */
  violates?: string;
}

/** Passages that a language model wrote for a task's queries. */
export interface GeneratedPassages {
  /** Query id → its passages. */
  passages: Map<string, GeneratedPassage[]>;
  /** Requests without an answer. */
  failed: FailedRequest[];
}

/** What generating passages may be told. */
export interface GenerateOptions {
  /** Draws the queries, and what they are shown. */
  rng: RandomSource;
  /** Most queries; all if left out. */
  queries?: number | undefined;
  /** Split whose queries get passages. @default {"train"} */
  split?: SplitName;
  /** Characters of a passage that are shown. @default {2000} */
  passageChars?: number;
  /** Folder with prompts of one's own. @default {ours} */
  wording?: string | undefined;
  /** Stops the work at the next answer. */
  signal?: AbortSignal | undefined;
}

/** A query with its positive, for which passages are written. */
export interface Seeking {
  query: Query;
  positive: Passage;
}

/** The queries of a split that have a positive, so many of them, in the task's order. */
export function seekingOf(
  task: Task,
  { rng, queries, split = "train" }: GenerateOptions,
): Seeking[] {
  const all = [...task.queries.values()].flatMap((query) => {
    if (!task.qrels[split]?.has(query.id)) return [];
    const [id] = positivesOf(task, query.id);
    return id === undefined ? [] : [{ query, positive: task.corpus.get(id)! }];
  });
  if (all.length === 0) {
    throw new RangeError(
      `Cannot write passages for task ${
        JSON.stringify(task.name)
      }: no query of split ${split} has a positive; write queries first`,
    );
  }
  const drawn = new Set(shuffled(all, rng).slice(0, queries));
  return all.filter((each) => drawn.has(each));
}

/** A text as it is kept: without the blanks around it. */
export function generated(
  query: string,
  texts: readonly (Omit<GeneratedPassage, "id">)[],
): GeneratedPassage[] {
  return texts.map((passage, i) => ({
    id: `llm-${query}-${i + 1}`,
    ...passage,
    text: passage.text.trim(),
  }));
}

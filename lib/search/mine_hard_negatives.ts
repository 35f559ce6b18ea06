import { normaliseText } from "../data/normalise_text.ts";
import type { Passage, Query, SplitName, Task } from "../data/types.ts";
import { Bm25 } from "./bm25.ts";
import { drawDistinct } from "./_draw_distinct.ts";
import { tokenizeMultilingual } from "./tokenize_multilingual.ts";
import { rankPassages } from "./rank_passages.ts";
import type { RandomIntegers, RetrieveFunction } from "./types.ts";

/** Options for {@linkcode mineHardNegatives}. */
export interface MineOptions {
  /** Where chance comes from; the same seed gives the same negatives. */
  rng: RandomIntegers;
  /** Negatives for each query, an integer ≥ 1. @default {8} */
  count?: number;
  /** Mines for the queries with a positive in this split. @default {"train"} */
  split?: SplitName;
  /**
   * First and last rank, from 1, of the candidates in what is retrieved; ranks
   * are counted before anything is left out. @default {[1, 50]}
   */
  depth?: readonly [number, number];
  /**
   * Leaves out a candidate that scores at least this share of the best
   * retrieved positive's score, since it may well answer the query too; in
   * (0, 1], or `Infinity` to leave out none. @default {0.95}
   */
  positiveShare?: number;
  /**
   * What to do with the candidates of a query none of whose positives is
   * retrieved, so that there is nothing to compare with: `"keep"` them all, or
   * `"drop"` them all, as the rule says if an unseen score counts as lower.
   * @default {"keep"}
   */
  withoutPositive?: "keep" | "drop";
  /** Fills up with random passages of the corpus. @default {true} */
  fill?: boolean;
  /** Finds the candidates. @default {BM25 with tokenizeMultilingual} */
  retrieve?: RetrieveFunction;
  /** Stops the work at the next batch of queries. */
  signal?: AbortSignal;
  /** Called after each batch with the number of queries done so far. */
  onProgress?: (done: number, total: number) => void;
}

/** What {@linkcode mineHardNegatives} did. */
export interface MineStatistics {
  /** Queries mined. */
  queries: number;
  /** Negatives that were retrieved. */
  retrieved: number;
  /** Negatives that are random passages, put in to fill up. */
  random: number;
  /** Queries that got at least one random passage. */
  filledQueries: number;
  /** Negatives that are missing to `queries × count` all the same. */
  missing: number;
  /** Queries none of whose positives was retrieved. */
  withoutPositive: number;
  /** Candidates left out because they are known positives. */
  leftOutPositive: number;
  /** Candidates left out for the text of a positive, the query or another. */
  leftOutText: number;
  /** Candidates left out for a score too near the best positive's. */
  leftOutScore: number;
}

/** Negatives, and how they came about. */
export interface MinedNegatives {
  /**
   * Query id → ids of its negatives: the retrieved ones best first, then the
   * random ones.
   */
  negatives: Map<string, string[]>;
  /** Counts over all queries. */
  statistics: MineStatistics;
}

/**
 * Finds hard negatives for a task's queries: passages that a retriever takes
 * for answers and that aren't known to be any. Candidates are the passages
 * within a range of ranks. Never taken are
 *
 * - the query's positives: grade > 0 in any split;
 * - passages with the same text as a positive, as the query itself, or as a
 *   negative already taken (as `normaliseText` sees it);
 * - passages whose score comes too near that of the query's best positive.
 *
 * Of the rest, `count` are drawn without replacement; where there are fewer,
 * random passages of the corpus fill up, unless it has no more: by the first
 * two rules too, and none of the candidates that were left out.
 *
 * The reference mines with a dense retriever, ranks 3 to 100, 16 negatives,
 * without rules on text or score (spec section 17.2); give `retrieve`, `depth`
 * and `positiveShare: Infinity` for that.
 *
 * @param task Corpus, queries and judgments.
 * @param options Where chance comes from, and how to choose.
 * @returns For each query of the split with a positive, its negatives, in the
 * order of the task's queries.
 * @throws {RangeError} If an option is out of range, the task lacks the split,
 * a score is NaN, or a retrieved passage isn't in the corpus.
 *
 * @example Usage
 * ```ts
 * import { mineHardNegatives } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const passage = (id: string, text: string) => [id, { id, text }] as const;
 * const { negatives } = await mineHardNegatives({
 *   name: "lights",
 *   prompt: "",
 *   language: "en",
 *   kind: "question-passage",
 *   license: "MIT",
 *   source: "made up",
 *   corpus: new Map([
 *     passage("a", "The harbor lighthouse was built in 1874"),
 *     passage("b", "The lighthouse keeper slept"),
 *     passage("c", "A copper mine"),
 *   ]),
 *   queries: new Map([["q", { id: "q", text: "when was the lighthouse built" }]]),
 *   qrels: { train: new Map([["q", new Map([["a", 1]])]]) },
 * }, { rng: { int: () => 0 }, count: 1 });
 * assert.deepEqual(negatives.get("q"), ["b"]);
 * ```
 */
export async function mineHardNegatives(
  task: Task,
  options: MineOptions,
): Promise<MinedNegatives> {
  const { rng, count = 8, split = "train", depth = [1, 50], fill = true } =
    options;
  const { positiveShare = 0.95, withoutPositive = "keep" } = options;
  checkOptions(task, { count, split, depth, positiveShare });
  const positives = knownPositives(task);
  const judged = task.qrels[split]!;
  const queries = [...task.queries.values()].filter((query) =>
    [...judged.get(query.id)?.values() ?? []].some((grade) => grade > 0)
  );
  const retrieve = options.retrieve ?? bm25Retriever(task);
  const keys = new Map<string, string>();
  for (const passage of task.corpus.values()) {
    keys.set(passage.id, normaliseText(passage.text || passage.title || ""));
  }
  const corpusIds = [...task.corpus.keys()];

  const negatives = new Map<string, string[]>();
  const total: MineStatistics = {
    queries: queries.length,
    retrieved: 0,
    random: 0,
    filledQueries: 0,
    missing: 0,
    withoutPositive: 0,
    leftOutPositive: 0,
    leftOutText: 0,
    leftOutScore: 0,
  };
  for (let at = 0; at < queries.length; at += BATCH) {
    options.signal?.throwIfAborted();
    const batch = queries.slice(at, at + BATCH);
    const run = await retrieve(batch, depth[1]);
    for (const query of batch) {
      negatives.set(query.id, mineOne(query, run.get(query.id) ?? new Map()));
    }
    options.onProgress?.(at + batch.length, queries.length);
    // Lets timers and plots have their turn; BM25 never waits by itself.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { negatives, statistics: total };

  function mineOne(query: Query, scores: ReadonlyMap<string, number>) {
    const known = positives.get(query.id)!;
    const texts = new Set([normaliseText(query.text)]);
    let best = -Infinity;
    for (const id of known) {
      texts.add(keys.get(id) ?? "");
      best = Math.max(best, scores.get(id) ?? -Infinity);
    }
    if (best === -Infinity) total.withoutPositive++;
    const limit = best === -Infinity
      ? (withoutPositive === "keep" ? Infinity : -Infinity)
      // Share of the way down, so that it also works for negative scores.
      : best - (1 - positiveShare) * Math.abs(best);

    const ranked = rankPassages(scores).slice(depth[0] - 1, depth[1]);
    const candidates = ranked.filter((id) => {
      const text = keys.get(id);
      if (text === undefined) {
        throw new RangeError(
          `Cannot mine hard negatives of task "${task.name}": retrieve must return passages of its corpus: got "${id}" for query "${query.id}"`,
        );
      }
      if (known.has(id)) total.leftOutPositive++;
      else if (texts.has(text)) total.leftOutText++;
      else if (scores.get(id)! >= limit) total.leftOutScore++;
      else {
        texts.add(text);
        return true;
      }
      return false;
    });
    const taken = drawDistinct(candidates.length, count, rng)
      .sort((a, b) => a - b).map((i) => candidates[i]!);
    total.retrieved += taken.length;
    if (fill && taken.length < count) {
      const more = drawFill(new Set([...known, ...ranked]), texts, taken);
      total.random += more;
      if (more > 0) total.filledQueries++;
    }
    total.missing += count - taken.length;
    return taken;
  }

  /** Appends random passages to `taken`; returns how many. */
  function drawFill(not: Set<string>, texts: Set<string>, taken: string[]) {
    const before = taken.length;
    const take = (id: string) => {
      if (taken.length === count || not.has(id) || texts.has(keys.get(id)!)) {
        return;
      }
      taken.push(id);
      not.add(id);
      texts.add(keys.get(id)!);
    };
    // Nearly all draws hit in a corpus of any size; a tiny one is shuffled.
    for (let i = 0; i < 4 * count; i++) {
      take(corpusIds[rng.int(corpusIds.length)]!);
    }
    if (taken.length < count) {
      for (const i of drawDistinct(corpusIds.length, corpusIds.length, rng)) {
        take(corpusIds[i]!);
      }
    }
    return taken.length - before;
  }
}

const BATCH = 256;

/** Query id → ids of its positives in all splits. */
function knownPositives(task: Task): Map<string, Set<string>> {
  const positives = new Map<string, Set<string>>();
  for (const qrels of Object.values(task.qrels)) {
    for (const [query, grades] of qrels) {
      const known = positives.get(query) ?? new Set();
      for (const [id, grade] of grades) if (grade > 0) known.add(id);
      positives.set(query, known);
    }
  }
  return positives;
}

function bm25Retriever(task: Task): RetrieveFunction {
  const passages: Iterable<Passage> = task.corpus.values();
  const index = new Bm25(passages, { tokenize: tokenizeMultilingual });
  return (queries, k) => index.run(queries, k);
}

function checkOptions(
  task: Task,
  { count, split, depth: [from, to], positiveShare }: Required<
    Pick<MineOptions, "count" | "split" | "depth" | "positiveShare">
  >,
): void {
  const cannot = `Cannot mine hard negatives of task "${task.name}"`;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `${cannot}: count must be an integer of at least 1: got ${count}`,
    );
  }
  if (
    !Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to < from
  ) {
    throw new RangeError(
      `${cannot}: depth must be two ranks, 1 ≤ first ≤ last: got [${from}, ${to}]`,
    );
  }
  if (
    !(positiveShare > 0 && positiveShare <= 1 || positiveShare === Infinity)
  ) {
    throw new RangeError(
      `${cannot}: positiveShare must be in (0, 1], or Infinity: got ${positiveShare}`,
    );
  }
  if (!task.qrels[split]) {
    throw new RangeError(
      `${cannot}: split must be one of ${
        Object.keys(task.qrels).join(", ") || "(none)"
      }: got "${split}"`,
    );
  }
}

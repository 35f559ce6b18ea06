import type { Query, Task } from "../../data/types.ts";
import { CandidateFilter } from "./candidate_filter.ts";
import { checkMineOptions } from "./check_mine_options.ts";
import {
  candidateFinder,
  MINE_BATCH,
  queriesToMine,
} from "./find_candidates.ts";
import { drawCandidates, drawDistinct } from "./draw_candidates.ts";
import type {
  MinedNegative,
  MinedNegatives,
  MinedQuery,
  MineOptions,
  MineStatistics,
} from "./mine_options.ts";

/**
 * Finds hard negatives for a task's queries: passages that a retriever takes
 * for answers and that aren't known to be any. Candidates are the passages
 * within a range of ranks. Never taken are
 *
 * - the query's positives: grade > 0 in any split;
 * - passages with the same text as a positive, as the query itself, or as a
 *   negative already taken (as `normaliseText` sees it);
 * - passages near one of these by SimHash;
 * - passages whose score comes too near that of the query's best positive,
 *   wherever that one ranks; see `withoutPositive` where it has no score at all;
 * - passages that a person has decided to be positive or doubtful.
 *
 * Of the rest, `count` are drawn without replacement; where there are fewer,
 * random passages of the corpus fill up, unless it has no more: by the first
 * three rules and the last one too, and none of the candidates that were left out.
 *
 * The reference mines with a dense retriever, ranks 3 to 100, 16 negatives,
 * without rules on text or score (spec section 17.2); give `retrieve`, `depth`,
 * `positiveShare: Infinity` and `nearDuplicates: "off"` for that.
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
  checkMineOptions(task, options);
  const queries = queriesToMine(task, options);
  const total = noStatistics(queries.length);
  const miner = new Miner(task, options, total);
  const finder = candidateFinder(task, options);
  const details = new Map<string, MinedQuery>();
  for (let at = 0; at < queries.length; at += MINE_BATCH) {
    options.signal?.throwIfAborted();
    const batch = queries.slice(at, at + MINE_BATCH);
    const found = options.found?.(at / MINE_BATCH) ?? await finder(batch);
    for (const query of batch) {
      const { ranked, scores } = found.get(query.id)!;
      details.set(query.id, miner.mine(query, ranked, scores));
    }
    options.onProgress?.(at + batch.length, queries.length);
    // Lets timers and plots have their turn; BM25 never waits by itself.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const negatives = new Map(
    Array.from(
      details,
      ([id, mined]) => [id, mined.negatives.map((n) => n.id)],
    ),
  );
  return { negatives, details, statistics: total };
}

function noStatistics(queries: number): MineStatistics {
  return {
    queries,
    retrieved: 0,
    random: 0,
    filledQueries: 0,
    missing: 0,
    withoutPositive: 0,
    leftOutPositive: 0,
    leftOutText: 0,
    leftOutNear: 0,
    leftOutScore: 0,
    leftOutDecision: 0,
  };
}

/** Mines one query after the other. */
class Miner {
  #options: MineOptions;
  #corpusIds: string[];
  #filter: CandidateFilter;
  #total: MineStatistics;

  constructor(task: Task, options: MineOptions, total: MineStatistics) {
    this.#options = options;
    this.#corpusIds = [...task.corpus.keys()];
    this.#filter = new CandidateFilter(task, options, total);
    this.#total = total;
  }

  mine(
    query: Query,
    ranked: readonly string[],
    scores: ReadonlyMap<string, number>,
  ): MinedQuery {
    const { rng, count = 8, depth = [1, 50], fill = true, sampling } =
      this.#options;
    const total = this.#total;
    const rules = this.#filter.of(query, scores);
    if (rules.positive === -Infinity) total.withoutPositive++;
    const inRange = ranked.slice(depth[0] - 1, depth[1]);
    const candidates = inRange.filter((id) => rules.admits(id));
    const taken: number[] = []; // places in candidates
    for (const i of drawCandidates(candidates.length, rng, sampling)) {
      if (taken.length === count) break;
      if (rules.take(candidates[i]!)) taken.push(i);
    }
    const ranks = new Map(inRange.map((id, i) => [id, i + depth[0]]));
    const negatives: MinedNegative[] = taken.sort((a, b) => a - b).map((i) => {
      const id = candidates[i]!;
      return { id, rank: ranks.get(id)!, score: scores.get(id) ?? NaN };
    });
    total.retrieved += negatives.length;
    if (fill && negatives.length < count) {
      // Not those that were left out: they are candidates to be positive.
      const not = new Set(inRange);
      const before = negatives.length;
      for (const id of this.#randomPassages(count)) {
        if (negatives.length === count) break;
        if (not.has(id) || !rules.admitsRandom(id) || !rules.take(id)) continue;
        not.add(id);
        negatives.push({ id, rank: 0, score: NaN });
      }
      total.random += negatives.length - before;
      if (negatives.length > before) total.filledQueries++;
    }
    total.missing += count - negatives.length;
    return { negatives, positive: rules.positive };
  }

  /** Nearly all draws hit in a corpus of any size; a tiny one is shuffled. */
  *#randomPassages(count: number): Generator<string> {
    const ids = this.#corpusIds;
    const { rng } = this.#options;
    for (let i = 0; i < 4 * count; i++) yield ids[rng.int(ids.length)]!;
    for (const i of drawDistinct(ids.length, ids.length, rng)) yield ids[i]!;
  }
}

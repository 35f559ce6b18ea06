import type { Query, Run, Task } from "../../data/types.ts";
import { positivesOfAllSplits } from "./candidate_filter.ts";
import { checkMineOptions } from "./check_mine_options.ts";
import type { FoundCandidates, MineOptions } from "./mine_options.ts";
import { rankPassages } from "../exact/rank_passages.ts";
import { bm25Retriever } from "./retrievers.ts";
import type { ScoreFunction } from "../types.ts";

/** Queries that are searched at once. */
export const MINE_BATCH = 256;

/** The queries of the split that have a positive, in the order of the task's. */
export function queriesToMine(
  task: Task,
  { split = "train" }: Pick<MineOptions, "split">,
): Query[] {
  const judged = task.qrels[split]!;
  return [...task.queries.values()].filter(({ id }) =>
    [...judged.get(id)?.values() ?? []].some((grade) => grade > 0)
  );
}

/**
 * Finds the candidates of some batches of a task's queries: the part of
 * `mineHardNegatives()` that takes long. Given to its option `found`, it mines the
 * same, to the bit, as if it had found them itself.
 *
 * @param task Corpus, queries and judgments.
 * @param options As for `mineHardNegatives()`.
 * @param batches First batch of 256 queries, from 0, and one past the last.
 * @yields Number of the batch, and what was found for its queries.
 * @throws {RangeError} As `mineHardNegatives()`.
 *
 * @example Usage
 * ```ts
 * import { findCandidates, mineHardNegatives } from "@tdro/tdro/search";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = ["a lamp", "a lamp of glass", "glass"].map((passage) => (
 *   { query: `which is ${passage}`, passage, split: "train" }
 * ));
 * const task = await taskFromRows(rows, { name: "lamps" });
 * const options = { rng: { int: () => 0 }, count: 1 };
 * const found = new Map();
 * for await (const [batch, own] of findCandidates(task, options, [0, 1])) {
 *   found.set(batch, own);
 * }
 * assert.deepEqual(
 *   await mineHardNegatives(task, { ...options, found: (batch) => found.get(batch) }),
 *   await mineHardNegatives(task, options),
 * );
 * ```
 */
export async function* findCandidates(
  task: Task,
  options: MineOptions,
  [from, to]: readonly [from: number, to: number],
): AsyncGenerator<[batch: number, found: FoundCandidates]> {
  checkMineOptions(task, options);
  const queries = queriesToMine(task, options);
  const finder = candidateFinder(task, options);
  for (let batch = from; batch < to; batch++) {
    options.signal?.throwIfAborted();
    const at = batch * MINE_BATCH;
    yield [batch, await finder(queries.slice(at, at + MINE_BATCH))];
    // As in mining.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** What finds the candidates of a batch. */
export function candidateFinder(
  task: Task,
  options: MineOptions,
): (batch: readonly Query[]) => Promise<FoundCandidates> {
  const { depth = [1, 50], score } = options;
  let retrieve = options.retrieve;
  const positives = positivesOfAllSplits(task);
  const scorable = (query: string) =>
    [...positives.get(query) ?? []].filter((id) => task.corpus.has(id));
  return async (batch) => {
    retrieve ??= bm25Retriever(task);
    const run = await retrieve(batch, depth[1]);
    const ranked = new Map(batch.map(({ id }) => [
      id,
      rankPassages(run.get(id) ?? new Map()),
    ]));
    const toScore = () =>
      new Map(Array.from(ranked, ([query, list]) => [
        query,
        [
          ...new Set([
            ...scorable(query),
            ...list.slice(depth[0] - 1, depth[1]),
          ]),
        ],
      ]));
    const scores = score
      ? await score(batch, toScore())
      : await withPositives(run, {
        batch,
        notFound: positivesNotFound(scorable, { batch, run }),
        score: retrieve.score,
      });
    return new Map(batch.map(({ id }) => [id, {
      ranked: ranked.get(id)!,
      scores: scores.get(id) ?? new Map<string, number>(),
    }]));
  };
}

/** Query id → its positives without a score in the run, where there are any. */
function positivesNotFound(
  scorable: (query: string) => string[],
  { batch, run }: { batch: readonly Query[]; run: Run },
): Map<string, string[]> {
  const notFound = new Map<string, string[]>();
  for (const { id } of batch) {
    const lacking = scorable(id)
      .filter((positive) => !run.get(id)?.has(positive));
    if (lacking.length > 0) notFound.set(id, lacking);
  }
  return notFound;
}

/** A run with the scores of the positives that it doesn't hold. */
async function withPositives(
  run: Run,
  { batch, notFound, score }: {
    batch: readonly Query[];
    /** Query id → the positives that it lacks. */
    notFound: ReadonlyMap<string, readonly string[]>;
    score: ScoreFunction | undefined;
  },
): Promise<Run> {
  const lacking = batch.filter(({ id }) => notFound.has(id));
  if (!score || lacking.length === 0) return run;
  const more = await score(lacking, notFound);
  return new Map([
    ...run,
    ...Array.from(
      more,
      ([id, scores]) =>
        [id, new Map([...run.get(id) ?? [], ...scores])] as const,
    ),
  ]);
}

import type { Run } from "../data/types.ts";
import { rankPassages } from "./exact/rank_passages.ts";

/** Options for {@linkcode fuseRuns}. */
export interface FuseOptions {
  /** Dampens the first ranks' lead, > 0; 60 in the paper. @default {60} */
  constant?: number;
  /** Weight of each run, ≥ 0. @default 1 for each */
  weights?: readonly number[];
  /** How many to keep for each query. @default {Infinity} */
  k?: number;
}

/**
 * Fuses runs by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009): a
 * passage scores the sum over the runs of `weight / (constant + rank)`, ranks
 * from 1 in trec_eval's order. Only ranks count, so runs whose scores can't be
 * compared, BM25's and an encoder's, go together.
 *
 * @param runs The runs.
 * @param options Constant, weights, depth.
 * @returns The run; each query's passages best first.
 * @throws {RangeError} If an option is out of range, or a score is NaN.
 *
 * @example Usage
 * ```ts
 * import { fuseRuns } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const bm25 = new Map([["q", new Map([["a", 12.5], ["b", 9]])]]);
 * const dense = new Map([["q", new Map([["b", 0.9], ["c", 0.8]])]]);
 * const run = fuseRuns([bm25, dense]);
 * assert.deepEqual([...run.get("q")!.keys()], ["b", "a", "c"]);
 * assert.equal(run.get("q")!.get("b"), 1 / 62 + 1 / 61);
 * ```
 */
export function fuseRuns(
  runs: readonly Run[],
  { constant = 60, weights, k = Infinity }: FuseOptions = {},
): Run {
  checkOptions(runs, { constant, weights, k });
  const fused: Run = new Map();
  runs.forEach((run, r) => {
    const weight = weights?.[r] ?? 1;
    for (const [query, scores] of run) {
      const sums = fused.get(query) ?? new Map<string, number>();
      fused.set(query, sums);
      rankPassages(scores).forEach((id, rank) =>
        sums.set(id, (sums.get(id) ?? 0) + weight / (constant + rank + 1))
      );
    }
  });
  for (const [query, sums] of fused) {
    const best = rankPassages(sums).slice(0, k);
    fused.set(query, new Map(best.map((id) => [id, sums.get(id)!])));
  }
  return fused;
}

function checkOptions(
  runs: readonly Run[],
  { constant, weights, k }: FuseOptions & { constant: number; k: number },
): void {
  if (!(constant > 0 && constant < Infinity)) {
    throw new RangeError(
      `Cannot fuse runs: constant must be finite and above 0: got ${constant}`,
    );
  }
  if (k !== Infinity && (!Number.isInteger(k) || k < 1)) {
    throw new RangeError(
      `Cannot fuse runs: k must be an integer of at least 1: got ${k}`,
    );
  }
  if (!weights) return;
  if (weights.length !== runs.length) {
    throw new RangeError(
      `Cannot fuse runs: weights must be one for each of ${runs.length} runs: got ${weights.length}`,
    );
  }
  const bad = weights.findIndex((weight) =>
    !(weight >= 0 && weight < Infinity)
  );
  if (bad >= 0) {
    throw new RangeError(
      `Cannot fuse runs: weights[${bad}] must be finite and at least 0: got ${
        weights[bad]
      }`,
    );
  }
}

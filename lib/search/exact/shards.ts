import type { Run } from "../../data/types.ts";
import { rankPassages } from "./rank_passages.ts";

/** One of several parts of a corpus, each searched by itself. */
export interface Shard {
  /** Which one, from 0. */
  index: number;
  /** How many there are. */
  count: number;
}

/** Options for {@linkcode shardRange}. */
export interface ShardRangeOptions {
  /**
   * Rows that stay together, as those do that are encoded together: where there are
   * as many such chunks as shards, a shard begins with one. @default {1}
   */
  chunk?: number;
}

/**
 * The rows of a shard: parts that follow one another, as equal as can be.
 *
 * @param rows Rows of the whole corpus.
 * @param shard Which part.
 * @param options What stays together.
 * @returns First row, and one past the last.
 * @throws {RangeError} If the shard isn't one of its count.
 *
 * @example Usage
 * ```ts
 * import { shardRange } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(shardRange(10, { index: 0, count: 3 }), [0, 3]);
 * assert.deepEqual(shardRange(10, { index: 2, count: 3 }), [6, 10]);
 * assert.deepEqual(shardRange(10, { index: 2, count: 3 }, { chunk: 2 }), [6, 10]);
 * assert.deepEqual(shardRange(10, { index: 0, count: 3 }, { chunk: 2 }), [0, 2]);
 * ```
 */
export function shardRange(
  rows: number,
  { index, count }: Shard,
  { chunk = 1 }: ShardRangeOptions = {},
): [from: number, to: number] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot divide a corpus: the number of shards must be an integer of at least 1: got ${count}`,
    );
  }
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(
      `Cannot divide a corpus: a shard of ${count} must be from 0 to ${
        count - 1
      }: got ${index}`,
    );
  }
  const chunks = Math.ceil(rows / chunk);
  const [all, size] = chunks < count ? [rows, 1] : [chunks, chunk];
  return [
    Math.floor(all * index / count) * size,
    Math.min(rows, Math.floor(all * (index + 1) / count) * size),
  ];
}

/**
 * Reads a shard as the command line has it: `1/4` to `4/4`.
 *
 * @param text The text.
 * @returns The shard, its index from 0.
 * @throws {RangeError} If it isn't one.
 *
 * @example Usage
 * ```ts
 * import { parseShard } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseShard("2/8"), { index: 1, count: 8 });
 * ```
 */
export function parseShard(text: string): Shard {
  const [, i, n] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? [];
  if (i === undefined || Number(i) > Number(n)) {
    throw new RangeError(
      `Cannot read shard "${text}": it must be i/n with 1 ≤ i ≤ n, for instance 2/8`,
    );
  }
  return { index: Number(i) - 1, count: Number(n) };
}

/**
 * Puts the runs of all shards together: for each query the k best of all.
 * Given each shard's k best, this is to the bit the run of the whole corpus;
 * ties break by id, the larger one first, as in each shard.
 *
 * @param runs The shards' runs.
 * @param k How many to keep for each query.
 * @returns The run, queries in the order in which they come up.
 * @throws {RangeError} If k < 1, or two shards found the same passage.
 *
 * @example Usage
 * ```ts
 * import { mergeShards } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const first = new Map([["q", new Map([["a", 3], ["b", 1]])]]);
 * const second = new Map([["q", new Map([["c", 2]])]]);
 * const run = mergeShards([first, second], 2);
 * assert.deepEqual([...run.get("q")!], [["a", 3], ["c", 2]]);
 * ```
 */
export function mergeShards(runs: Iterable<Run>, k: number): Run {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(
      `Cannot merge shards: k must be an integer of at least 1: got ${k}`,
    );
  }
  const all: Run = new Map();
  for (const run of runs) {
    for (const [query, scores] of run) {
      const list = all.get(query) ?? new Map<string, number>();
      all.set(query, list);
      for (const [id, score] of scores) {
        if (list.has(id)) {
          throw new RangeError(
            `Cannot merge shards: each passage must be in one of them: got "${id}" twice for query "${query}"`,
          );
        }
        list.set(id, score);
      }
    }
  }
  for (const [query, scores] of all) {
    const best = rankPassages(scores).slice(0, k);
    all.set(query, new Map(best.map((id) => [id, scores.get(id)!])));
  }
  return all;
}

import type { EvalReport } from "../../eval/mod.ts";
import type { Encoder } from "../../model/mod.ts";
import { mean } from "../../base/mean.ts";
import { createRng } from "../../sampling/mod.ts";
import { meanInterval } from "../mean_interval.ts";
import { METRIC } from "../summary.ts";
import type { QuerySpeed } from "./speed.ts";

/** One query tower: a row of `towers.json` and of the table. */
export interface TowerRow {
  /** Its name: `teacher`, `distilled`, `refined`. */
  tower: string;
  /** Transformer layers. */
  layers: number;
  /** Numbers in it that a query's vector depends on. */
  parameters: number;
  /** The same without the tables that are looked up by token. */
  computed: number;
  /** Mean nDCG@10 over the tasks; absent without an evaluation. */
  ndcg?: number;
  /** 95 % interval of it, over test queries. */
  interval?: [number, number];
  /**
   * Share of the teacher's mean nDCG@10 that it keeps; absent where the teacher has
   * none, or so little that a sample of its queries has none.
   */
  kept?: number;
  /** 95 % interval of it: the same test queries for both. */
  keptInterval?: [number, number];
  /** How fast it is, on each backend that was asked for. */
  speed: QuerySpeed[];
}

/** Resamples of the interval of the share that is kept. */
const RESAMPLES = 2000;

/** Numbers in an encoder that its vectors depend on. */
export function parameterCounts(
  { parameters }: Pick<Encoder, "parameters">,
): { parameters: number; computed: number } {
  let all = 0;
  let tables = 0;
  for (const [name, { size, trainable }] of parameters) {
    if (!trainable) continue;
    all += size;
    if (/word_embeddings|embed_tokens|tok_embeddings/.test(name)) {
      tables += size;
    }
  }
  return { parameters: all, computed: all - tables };
}

/** nDCG@10 of each test query, by task. */
function byTask({ tasks }: EvalReport): number[][] {
  return tasks.map(({ perQuery }) => perQuery[METRIC]!);
}

/**
 * What a tower scored, and what of the teacher's score that is. The intervals tell
 * the spread over test queries, drawn anew within each task, and not that over seeds.
 *
 * @param report The tower's.
 * @param teacher The teacher's, on the same queries.
 * @param seed Seed of the run.
 */
export function towerScores(
  report: EvalReport,
  teacher: EvalReport,
  seed: number,
): Pick<TowerRow, "ndcg" | "interval" | "kept" | "keptInterval"> {
  const ndcg = report.mean[METRIC]!;
  const scores = { ndcg, interval: meanInterval(byTask(report), seed) };
  const interval = keptInterval(byTask(report), byTask(teacher), seed);
  if (!interval.every(Number.isFinite)) return scores;
  const kept = ndcg / teacher.mean[METRIC]!;
  return { ...scores, kept, keptInterval: interval };
}

/** Percentile bootstrap of the ratio of two means over tasks, queries paired. */
function keptInterval(
  own: readonly (readonly number[])[],
  teacher: readonly (readonly number[])[],
  seed: number,
): [number, number] {
  const rng = createRng(seed, "distil/bootstrap");
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const sums = own.map((values, k) => {
      let [a, b] = [0, 0];
      for (let i = 0; i < values.length; i++) {
        const q = rng.int(values.length);
        a += values[q]!;
        b += teacher[k]![q]!;
      }
      return [a / values.length, b / values.length] as const;
    });
    return mean(sums.map(([a]) => a)) / mean(sums.map(([, b]) => b));
  }).sort((a, b) => a - b);
  const quantile = (p: number) => ratios[Math.round(p * (RESAMPLES - 1))]!;
  return [quantile(0.025), quantile(0.975)];
}

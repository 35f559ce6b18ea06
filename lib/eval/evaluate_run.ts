import type { Qrels, Run } from "../data/types.ts";
import type { Judged } from "./metrics/measures.ts";
import { parseMetric } from "./metrics/metric.ts";
import { rankJudged } from "./metrics/rank_judged.ts";

/** Options for {@linkcode evaluateRun}. */
export interface EvaluateRunOptions {
  /**
   * Lowest grade that counts as relevant; nDCG uses the grades themselves and
   * heeds it not. @default {1}
   */
  relevanceLevel?: number;
  /**
   * Leaves out passages whose id is the query's, as BEIR does where corpus and
   * queries are the same texts; the judgments stay. @default {false}
   */
  ignoreIdenticalIds?: boolean;
  /**
   * What the mean is taken over: `"scored"` queries, those in the run, or all
   * `"judged"` ones, where a query missing in the run counts 0 (trec_eval `-c`).
   * @default {"scored"}
   */
  over?: "scored" | "judged";
  /**
   * How equal scores rank: `"id"`, scores as float32 and the larger id first
   * (trec_eval); or `"insertion"`, scores as float64 in the order of the map
   * (BEIR's MRR and Accuracy). @default {"id"}
   */
  ties?: "id" | "insertion";
}

/** Metrics of a run. */
export interface RunEvaluation {
  /** Query id → metric → value, for each scored query, in the run's order. */
  perQuery: Map<string, Record<string, number>>;
  /** Metric → mean. */
  mean: Record<string, number>;
  /** Queries both judged and in the run. */
  scored: number;
  /** Queries with at least one judgment. */
  judged: number;
}

/**
 * Computes retrieval metrics as trec_eval defines them: `nDCG@k` (linear gain,
 * discount log2(rank + 1), ideal from all judgments), `MAP@k`, `MRR@k`,
 * `Recall@k`, `P@k`, `Success@k` (also called `Accuracy@k`), `RPrec`, `Bpref`;
 * `nDCG`, `MAP` and `MRR` without `@k` count all ranks. `Hole@k` is the share of
 * the first k ranks that hold a passage nobody judged for this query: where it
 * is high, the other numbers say little about a new kind of retriever.
 *
 * Scored are the queries that have judgments and are in the run; one whose
 * judgments are all 0 or less counts 0. Rankings are made from the scores
 * alone, in the order of `rankPassages()` in the search room. Neither run nor
 * qrels are changed.
 *
 * @param qrels Judgments; grades are integers.
 * @param run Scores.
 * @param metrics Names of metrics, at least one.
 * @param options Which queries, passages and ties count how.
 * @returns Values for each query, and their means.
 * @throws {RangeError} If a metric is unknown, a grade isn't an integer, a score
 * is NaN, or there is nothing to take a mean over.
 *
 * @example Usage
 * ```ts
 * import { evaluateRun } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const qrels = new Map([["q", new Map([["a", 1]])]]);
 * const run = new Map([["q", new Map([["b", 0.9], ["a", 0.8]])]]);
 * const { mean } = evaluateRun(qrels, run, ["MRR@10", "Recall@100"]);
 * assert.deepEqual(mean, { "MRR@10": 0.5, "Recall@100": 1 });
 * ```
 */
export function evaluateRun(
  qrels: Qrels,
  run: Run,
  metrics: readonly string[],
  options: EvaluateRunOptions = {},
): RunEvaluation {
  const { relevanceLevel = 1, over = "scored" } = options;
  if (metrics.length === 0) {
    throw new RangeError(
      "Cannot evaluate: metrics must name at least one: got none",
    );
  }
  if (!Number.isInteger(relevanceLevel)) {
    throw new RangeError(
      `Cannot evaluate: relevanceLevel must be an integer: got ${relevanceLevel}`,
    );
  }
  const parsed = metrics.map(parseMetric);
  let judged = 0;
  for (const [query, grades] of qrels) {
    if (grades.size > 0) judged++;
    for (const [id, grade] of grades) {
      if (!Number.isInteger(grade)) {
        throw new RangeError(
          `Cannot evaluate: the grade of query "${query}" and passage "${id}" must be an integer: got ${grade}`,
        );
      }
    }
  }
  const perQuery = new Map<string, Record<string, number>>();
  const sums = new Float64Array(parsed.length);
  for (const [query, scores] of run) {
    const grades = qrels.get(query);
    if (!grades || grades.size === 0) continue;
    const view = judgedQuery({ query, grades, scores }, options);
    const values: Record<string, number> = {};
    parsed.forEach((metric, i) => {
      sums[i]! += values[metric.name] = metric.value(view);
    });
    perQuery.set(query, values);
  }
  const count = over === "judged" ? judged : perQuery.size;
  if (count === 0) {
    throw new RangeError(
      judged === 0
        ? "Cannot evaluate: qrels must judge at least one query: got none"
        : `Cannot evaluate: none of the ${run.size} queries of the run is ` +
          `among the ${judged} judged ones; give the qrels that belong to it`,
    );
  }
  return {
    perQuery,
    mean: Object.fromEntries(
      parsed.map((metric, i) => [metric.name, sums[i]! / count]),
    ),
    scored: perQuery.size,
    judged,
  };
}

/** Everything that the measures need to know of one query. */
function judgedQuery(
  { query, grades, scores }: {
    query: string;
    grades: ReadonlyMap<string, number>;
    scores: ReadonlyMap<string, number>;
  },
  { ties = "id", ignoreIdenticalIds = false, relevanceLevel: level = 1 }:
    EvaluateRunOptions,
): Judged {
  const ideal: number[] = [];
  let relevant = 0;
  let nonrelevant = 0;
  for (const grade of grades.values()) {
    if (grade > 0) ideal.push(grade);
    if (grade >= level) relevant++;
    else if (grade >= 0) nonrelevant++;
  }
  if (ideal.length > 1) ideal.sort((a, b) => b - a);
  const ranked = rankJudged(grades, scores, {
    ties,
    without: ignoreIdenticalIds ? query : undefined,
    notANumber: (id) =>
      new RangeError(
        `Cannot evaluate: the score of query "${query}" and passage "${id}" must be a number: got NaN`,
      ),
  });
  return { ...ranked, ideal, level, relevant, nonrelevant };
}

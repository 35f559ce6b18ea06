/**
 * From a run and judgments to numbers: metrics as trec_eval defines them, the
 * evaluation of an encoder on a suite, and tests of whether a difference means
 * anything. Nothing here needs a tensor backend.
 *
 * @example Score a run
 * ```ts
 * import { evaluateRun } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const qrels = new Map([["q", new Map([["a", 2], ["b", 1]])]]);
 * const run = new Map([["q", new Map([["a", 0.9], ["c", 0.8], ["b", 0.1]])]]);
 * const { mean } = evaluateRun(qrels, run, ["nDCG@10", "P@1"]);
 * assert(mean["nDCG@10"]! > 0.9 && mean["P@1"] === 1);
 * ```
 *
 * @module
 */
export { BENCHMARK_LENGTHS } from "../base/defaults.ts";
export type {
  BenchmarkOptions,
  JudgedBenchmarkOptions,
} from "./protocols/benchmark.ts";
export type { Alternative } from "./significance/paired.ts";
export { evaluateBeir, type EvaluateBeirOptions } from "./protocols/beir.ts";
export type {
  BenchmarkMean,
  BenchmarkReport,
  BenchmarkTaskReport,
} from "./records/benchmark_report.ts";
export {
  type EmbeddingCache,
  passageVectors,
  type PassageVectorsOptions,
} from "./passage_vectors.ts";

export {
  type BootstrapInterval,
  bootstrapInterval,
  type BootstrapOptions,
} from "./significance/bootstrap_interval.ts";
export { checkMetrics } from "./records/task_report.ts";
export {
  makePool,
  type MakePoolOptions,
  poolQueries,
} from "./pool/make_pool.ts";
export { type PoolFile, readPool, writePool } from "./pool/pool_file.ts";
export { type Pool, type PoolSizes, type PoolTask } from "./pool/pool.ts";
export { pooledSuite } from "./pool/pooled_suite.ts";
export { collectReport } from "./records/collect_report.ts";
export {
  compareReports,
  type CompareReportsOptions,
  type Mover,
  type ReportComparison,
  type TaskComparison,
} from "./records/compare_reports.ts";
export type { DifferentSetting } from "./records/settings_that_differ.ts";
export { readReport, readReports } from "./records/read_report.ts";
export type { SizesOptions, VectorSize } from "./sizes/vector_size.ts";
export type {
  EvalData,
  EvalModel,
  EvalOrigin,
  EvalReport,
  EvalSettings,
  TaskReport,
} from "./records/eval_report.ts";
export {
  evaluate,
  type EvaluateOptions,
  evaluateRetriever,
  type EvaluateRetrieverOptions,
} from "./evaluate.ts";
export {
  evaluateRun,
  type EvaluateRunOptions,
  type RunEvaluation,
} from "./evaluate_run.ts";
export {
  type EvaluatedShard,
  evaluateShards,
  type EvaluateShardsOptions,
} from "./evaluate_shards.ts";
export { hasAnswer } from "./metrics/has_answer.ts";
export type { EarlierReport } from "./records/earlier_report.ts";
export { hashModel } from "./records/hash_model.ts";
export {
  type MtebResult,
  mtebResults,
  type MtebResultsOptions,
} from "./records/mteb_results.ts";
export { holm } from "./significance/holm.ts";
export {
  evaluateMiracl,
  type EvaluateMiraclOptions,
} from "./protocols/miracl.ts";
export { evaluateMkqa, type EvaluateMkqaOptions } from "./protocols/mkqa.ts";
export {
  type PairedTTest,
  pairedTTest,
  type PairedTTestOptions,
} from "./significance/paired_t.ts";
export {
  type RandomizationTest,
  randomizationTest,
  type RandomizationTestOptions,
} from "./significance/randomization.ts";
export {
  type SeedDifferences,
  type SeedsAndQueries,
  seedsAndQueries,
  type SeedsAndQueriesOptions,
} from "./significance/seeds_and_queries.ts";

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
export {
  BENCHMARK_LENGTHS,
  type BenchmarkOptions,
  type JudgedBenchmarkOptions,
} from "./_benchmark.ts";
export type { Alternative } from "./_paired.ts";
export { evaluateBeir, type EvaluateBeirOptions } from "./beir.ts";
export type {
  BenchmarkMean,
  BenchmarkReport,
  BenchmarkTaskReport,
} from "./benchmark_report.ts";
export type { EmbeddingCache } from "./_dense_search.ts";
export {
  type BootstrapInterval,
  bootstrapInterval,
  type BootstrapOptions,
} from "./bootstrap_interval.ts";
export { collectReport } from "./collect_report.ts";
export {
  compareReports,
  type CompareReportsOptions,
  type Mover,
  type ReportComparison,
  type TaskComparison,
} from "./compare_reports.ts";
export type { DifferentSetting } from "./_settings_that_differ.ts";
export { readReport } from "./read_report.ts";
export type {
  EvalData,
  EvalModel,
  EvalOrigin,
  EvalReport,
  EvalSettings,
  TaskReport,
} from "./eval_report.ts";
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
export { hasAnswer } from "./has_answer.ts";
export { hashModel } from "./hash_model.ts";
export { holm } from "./holm.ts";
export { evaluateMiracl, type EvaluateMiraclOptions } from "./miracl.ts";
export { evaluateMkqa, type EvaluateMkqaOptions } from "./mkqa.ts";
export {
  type PairedTTest,
  pairedTTest,
  type PairedTTestOptions,
} from "./paired_t_test.ts";
export {
  type RandomizationTest,
  randomizationTest,
  type RandomizationTestOptions,
} from "./randomization_test.ts";

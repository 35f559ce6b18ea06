/**
 * The whole pipeline, from tasks to a verdict: {@linkcode runExperiment} drives
 * the other rooms' functions and keeps everything in a run's folder.
 *
 * @example Usage
 * ```ts
 * import { parseExperimentOptions } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const options = parseExperimentOptions({ out: "runs/mine", steps: 50 });
 * assert.equal(options.measure, "released");
 * ```
 *
 * @module
 */
export {
  type ArenaArm,
  type ArenaResult,
  type ArenaStrategy,
  arenaTable,
  arenaVerdict,
} from "./_arena_result.ts";
export { ARENA_DEFAULTS, type ArenaDefaults } from "./arena_defaults.ts";
export { type ArmName, ARMS } from "./arms.ts";
export {
  type ArenaSettings,
  compareMixtures,
  type CompareMixturesOptions,
} from "./compare_mixtures.ts";
export {
  type ExperimentOptions,
  parseExperimentOptions,
} from "./experiment_options.ts";
export { explainRun, readRunLosses, type RunLosses } from "./explain_run.ts";
export type { MetricsLine } from "./_metrics_log.ts";
export type { ProgressEvent } from "./progress_event.ts";
export { type FinishedRun, readRun } from "./read_run.ts";
export {
  type ExperimentResult,
  runExperiment,
  type RunExperimentOptions,
} from "./run_experiment.ts";
export {
  type ArmDifference,
  type ByArm,
  type ExperimentSummary,
  type SummaryTask,
  verdict,
} from "./summary.ts";
export { resultRows } from "./_summarise.ts";
export { type ExperimentPlots, experimentPlots } from "./experiment_plots.ts";
export { type ArenaPlots, arenaPlots } from "./arena_plots.ts";
export {
  readPlots,
  reportRuns,
  type ReportRunsOptions,
} from "./report_runs.ts";
export type { RetrieverSettings } from "./retriever_options.ts";
export {
  type RetrieverResult,
  trainRetriever,
  type TrainRetrieverOptions,
} from "./train_retriever.ts";

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
  type ArenaBaselines,
  type ArenaResult,
  type ArenaStrategy,
  arenaTable,
} from "./arena/result.ts";
export type { PresetName } from "../base/presets.ts";
export { type ArenaSwarm, arenaSwarm } from "./arena/arena_swarm.ts";
export { arenaVerdict } from "./arena/verdict.ts";
export { ARENA_DEFAULTS, type ArenaDefaults } from "./arena/defaults.ts";
export {
  armLabel,
  type ArmName,
  ARMS,
  type BaselineName,
  BASELINES,
} from "./arms.ts";
export { type DevLine, type DevRow, devRows, readDev } from "./dev/dev_log.ts";
export { devScores, type DevScoresOptions } from "./dev/dev_scores.ts";
export { keptSentence, type KeptStep } from "./dev/kept_step.ts";
export type { FolderPermissions } from "./run_folder.ts";
export {
  type ArenaOutcome,
  compareMixtures,
  planArena,
} from "./arena/compare_mixtures.ts";
export type { ArenaSettings, CompareMixturesOptions } from "./arena/options.ts";
export {
  planArenaJobs,
  type PlanArenaJobsOptions,
  type PlannedJobs,
} from "./jobs/plan_arena_jobs.ts";
export {
  type Job,
  type JobPlan,
  type JobPlanRecord,
  readJobPlan,
} from "./jobs/job_plan.ts";
export { work, type WorkDone, type WorkOptions } from "./jobs/work.ts";
export {
  collectArena,
  type CollectArenaOptions,
  type CollectedArena,
} from "./jobs/collect_arena.ts";
export {
  type Scheduler,
  SCHEDULERS,
  type ShardedLine,
  wrapJobs,
  type WrapJobsOptions,
  type WrappedJobs,
} from "./jobs/wrappers/wrap_jobs.ts";
export type { WrapperOptions } from "./jobs/wrappers/wrapper_options.ts";
export type { ArenaIdentity } from "./arena/folder.ts";
export type { RunIdentity } from "./run_folder.ts";
export type { SettledOptions } from "./settled_lengths.ts";
export type { MinedOrigin } from "./mined_folder.ts";
export type { PoolOrigin } from "./stages/pooled_test.ts";
export {
  type ExperimentOptions,
  parseExperimentOptions,
} from "./experiment_options.ts";
export type { WeightOptions, WeightUpdate } from "./weight_options.ts";
export { type PlanContext, planLines } from "./plan/plan_lines.ts";
export type {
  PlanEstimates,
  PlannedStage,
  PlannedTask,
  RunPlan,
} from "./plan/run_plan.ts";
export type { BothSides, TextLengths } from "./stages/cut_texts.ts";
export { learn, type Learning, type LearnOptions } from "./learn.ts";
export {
  type ArmLosses,
  type ArmOfArena,
  readArmLosses,
} from "./arena/arm_losses.ts";
export { type ArmExplanation, explainArm } from "./explain/explain_arm.ts";
export {
  explainRun,
  readRunLosses,
  type RunLosses,
} from "./explain/explain_run.ts";
export type { MetricsLine } from "./stages/metrics_log.ts";
export type { Progress, ProgressEvent } from "../base/progress_event.ts";
export { type FinishedRun, readRun } from "./report/read_run.ts";
export {
  type ExperimentResult,
  planExperiment,
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
export { resultRows } from "./summarise.ts";
export { type NegativesArm, type ReadyArm } from "./negatives/arms.ts";
export {
  type ComparedNegatives,
  compareNegatives,
  type CompareNegativesOptions,
  type NegativesComparison,
} from "./negatives/compare_negatives.ts";
export {
  type GradedPassage,
  keepGenerated,
  type KeepGeneratedOptions,
  type KeptPassages,
} from "./keep_generated.ts";
export {
  type MinedSuite,
  mineSuite,
  type MineSuiteOptions,
} from "./mine_suite.ts";
export { type MinedPart, minePart } from "./mine_part.ts";
export type { MineSuiteSettings } from "./mine_suite_options.ts";
export {
  exportRun,
  type ExportRunOptions,
  type Tracker,
} from "./export/export_run.ts";
export {
  type EmbeddedTask,
  embedSuite,
  type EmbedSuiteOptions,
  type EmbedTarget,
} from "./embed/embed_suite.ts";
export type { VectorForm } from "./embed/vector_files.ts";
export {
  type HandedOff,
  handOff,
  type HandOffOptions,
  type HandOffTarget,
} from "./handoff/hand_off.ts";
export { type ListedRun, listRuns } from "./report/list_runs.ts";
export {
  type ExperimentPlots,
  experimentPlots,
} from "./report/experiment_plots.ts";
export { type ArenaPlots, arenaPlots } from "./arena/plots.ts";
export {
  readPlots,
  reportRuns,
  type ReportRunsOptions,
} from "./report/report_runs.ts";
export type { RetrieverSettings } from "./retriever_options.ts";
export {
  planRetriever,
  type RetrieverResult,
  trainRetriever,
  type TrainRetrieverOptions,
} from "./train_retriever.ts";
export {
  type FoundPassage,
  openRetriever,
  type OpenRetrieverOptions,
  Retriever,
} from "./retriever/open_retriever.ts";
export type { Encoding } from "./retriever/encoding.ts";
export type {
  DenseModel,
  PassageStore,
  PromptedOptions,
} from "./retriever/open_model.ts";
export type { SearchedTask, SearchOptions } from "./retriever/searcher.ts";
export {
  distil,
  type DistilOptions,
  type DistilResult,
  planDistil,
} from "./distil/distil.ts";
export {
  type DistilSettings,
  parseDistilOptions,
} from "./distil/distil_options.ts";
export { towerSentence } from "./distil/tower_sentence.ts";
export { readTowers } from "./distil/towers_file.ts";
export type { TowerRow } from "./distil/tower_rows.ts";
export type { QuerySpeed } from "./distil/speed.ts";
export {
  fitScaling,
  type FitScalingOptions,
  foretell,
  type Foretold,
  type ScalingFit,
  type ScalingLaw,
  type ScalingPoint,
  type WithInterval,
} from "./scale/fit_scaling.ts";
export { bestSplit, type Split, type SplitBudget } from "./scale/best_split.ts";
export {
  type ContrastiveEntropy,
  contrastiveEntropy,
  type ContrastiveEntropyOptions,
} from "./scale/contrastive_entropy.ts";
export {
  planScale,
  scale,
  type ScaleCell,
  type ScaleOptions,
  type ScaleResult,
} from "./scale/scale.ts";
export type { ScaleSettings } from "./scale/scale_options.ts";
export {
  foretoldLargest,
  type ForetoldTraining,
} from "./scale/foretold_largest.ts";
export {
  type GridSteps,
  lossesThatRise,
  type LossThatRises,
} from "./scale/losses_that_rise.ts";
export { lawRecord } from "./scale/law_record.ts";
export { type LawRow, lawRows } from "./scale/law_rows.ts";

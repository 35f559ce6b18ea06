/**
 * The heart: how the weights of a mixture of tasks are learned. A loss measure
 * tells how far the proxy, a model in training, lags behind a reference on each
 * task; the weight update, a pure state machine on plain arrays, moves weight to
 * the tasks that lag; selection and weight files carry the result to the
 * training run that uses it. Fixed mixtures and other published methods stand
 * beside tDRO behind one interface, {@linkcode Strategy}.
 *
 * @example Three steps of tDRO on made-up losses
 * ```ts
 * import {
 *   exampleWeights,
 *   initialWeightState,
 *   selectTop,
 *   stepWeights,
 *   tdro,
 * } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * let state = initialWeightState([1 / 3, 1 / 3, 1 / 3]);
 * // Task 2 lags most behind its reference.
 * const domains = [0, 1, 2, 2];
 * const batch = {
 *   losses: [1, 1, 3, 3],
 *   referenceLosses: [1, 1, 1, 1],
 *   domains,
 * };
 * for (let step = 0; step < 3; step++) {
 *   state = stepWeights(state, batch, tdro().options);
 *   const q = exampleWeights(state.curr, domains); // weighs the proxy's loss
 *   assert.ok(q[3]! > q[0]!);
 * }
 * assert.deepEqual(selectTop(state.curr, 34), [2]);
 * ```
 *
 * @module
 */
export { capPasses, type CapPassesOptions } from "./cap_passes.ts";
export { dropWeights } from "./drop_weights.ts";
export { effectiveTasks } from "./effective_tasks.ts";
export { exampleWeights } from "./update/example_weights.ts";
export {
  explainWeights,
  type WeightEvidence,
  type WeightExplanation,
} from "./explain_weights.ts";
export { extendWeights, type ExtendWeightsOptions } from "./extend_weights.ts";
export { formatWeightFile } from "./files/format_weight_file.ts";
export {
  learnWeights,
  type LearnWeightsOptions,
  type WeightStepReport,
} from "./learn_weights.ts";
export {
  type LossMeasure,
  type LossObservation,
  type MeasuredLosses,
  measureLosses,
  type MeasureLossesOptions,
} from "./update/measure_losses.ts";
export {
  type PackedLosses,
  packLosses,
  unpackLosses,
} from "./log/pack_losses.ts";
export {
  type LossLog,
  parseLossLog,
  type ParseLossLogOptions,
} from "./log/parse_loss_log.ts";
export {
  parseWeightFile,
  type ParseWeightFileOptions,
} from "./files/parse_weight_file.ts";
export { readLossLog } from "./log/read_loss_log.ts";
export { readWeightFile, writeWeightFile } from "./files/read_weight_file.ts";
export {
  type ReplayedWeights,
  replayWeights,
  type ReplayWeightsOptions,
} from "./log/replay_weights.ts";
export {
  saveWeightFiles,
  type SaveWeightFilesOptions,
} from "./files/save_weight_files.ts";
export { type SeedAgreement, seedAgreement } from "./seed_agreement.ts";
export { selectTop } from "./select_top.ts";
export {
  type WeighedTask,
  type WeightsFollow,
  whatWeightsFollow,
} from "./what_weights_follow.ts";
export {
  type ClipKind,
  type ClipOptions,
  stepWeights,
  type StepWeightsOptions,
  type WeightBounds,
  type WeightOptimizer,
  type WeightOptimizerOptions,
  type WeightPrior,
} from "./update/step_weights.ts";
export { doge, dogeStep, type DogeStepOptions } from "./strategies/doge.ts";
export { doremi } from "./strategies/doremi.ts";
export { groupDro } from "./strategies/group_dro.ts";
export {
  infDds,
  infDdsStep,
  type InfDdsStepOptions,
} from "./strategies/inf_dds.ts";
export {
  leaveOneOut,
  type LeaveOneOutOptions,
  leaveOneOutWeights,
} from "./strategies/leave_one_out.ts";
export { manualMixture } from "./strategies/manual_mixture.ts";
export {
  type MixtureStrategy,
  mixtureStrategy,
} from "./strategies/mixture_strategy.ts";
export { proportionalMixture } from "./strategies/proportional_mixture.ts";
export {
  randomMixture,
  regmix,
  type RegmixOptions,
  regmixWeights,
  type TriedMixture,
} from "./strategies/regmix.ts";
export {
  STRATEGIES,
  strategy,
  type StrategyEntry,
} from "./strategies/strategies.ts";
export type {
  DerivedWeights,
  LearnByLossOptions,
  OnlineTraining,
  ProxyModel,
  Strategy,
  StrategyContext,
  StrategyCosts,
  StrategyProgress,
  WatchedUpdate,
} from "./strategies/strategy.ts";
export { tdro, type TdroOptions } from "./strategies/tdro.ts";
export { temperatureMixture } from "./strategies/temperature_mixture.ts";
export {
  type ChanceBand,
  chanceBands,
  type ChanceBandsOptions,
  isWithinChance,
} from "./chance_bands.ts";
export { meanWeights, meanWeightState } from "./mean_weights.ts";
export { weightNoise, type WeightNoiseOptions } from "./weight_noise.ts";
export {
  onlineDataMixing,
  type OnlineDataMixingOptions,
} from "./online/odm.ts";
export type {
  GradientMeasure,
  OnlineMixture,
  OnlineObservation,
} from "./online/online_mixture.ts";
export { tracked, type TrackedMixture } from "./online/tracked.ts";
export { type Merging, soupOf } from "./strategies/soup_of.ts";
export { aioli, aioliStep, type AioliStepOptions } from "./strategies/aioli.ts";
export {
  skillIt,
  type SkillItOptions,
  skillItWeights,
  skillsGraph,
} from "./strategies/skill_it.ts";
export {
  adaptiveDataOptimization,
  type AdaptiveDataOptions,
} from "./online/ado.ts";
export {
  fitPowerLaw,
  type LearningPoint,
  lossAfter,
  type PowerLaw,
} from "./online/power_law.ts";
export {
  learningVelocity,
  velocityMixture,
  type VelocityMixtureOptions,
} from "./online/velocitune.ts";
export { type HalfGradients, halfGradients } from "./online/half_gradients.ts";
export { pikeMixture, type PikeMixtureOptions } from "./online/pike.ts";
export {
  fitMixingLaw,
  lossOnMixture,
  type MixingLaw,
  type MixingLawOptions,
  type MixturePoint,
} from "./regression/mixing_law.ts";
export {
  proposeMixture,
  type ProposeMixtureOptions,
} from "./regression/propose_mixture.ts";
export {
  type ReusedMixture,
  reuseMixture,
} from "./regression/reuse_mixture.ts";
export {
  formatSwarm,
  type ParsedSwarm,
  parseSwarm,
  type Swarm,
  type SwarmRun,
} from "./regression/swarm_files.ts";
export {
  fitSwarm,
  type FitSwarmOptions,
  type FittedMetric,
  type FittedSwarm,
} from "./regression/fit_swarm.ts";
export { climb } from "./strategies/climb.ts";
export { olmix, type OlmixOptions } from "./strategies/olmix.ts";
export {
  type Recipe,
  recipe,
  type RecipeName,
  RECIPES,
} from "./strategies/recipe.ts";
export { balanced } from "./strategies/balanced.ts";
export type { BalanceName } from "../base/balance_names.ts";
export { pike } from "./strategies/pike.ts";
export { ado, type AdoOptions } from "./strategies/ado.ts";
export { odm } from "./strategies/odm.ts";
export { velocitune } from "./strategies/velocitune.ts";
export { permuted } from "./strategies/permuted.ts";
export { randomTop } from "./strategies/random_top.ts";
export { meanOf } from "./strategies/mean_of.ts";
export { topOf } from "./strategies/top_of.ts";
export { uniformMixture } from "./strategies/uniform_mixture.ts";
export {
  type WeightPreset,
  weightPreset,
  type WeightPresetName,
} from "./strategies/weight_preset.ts";
export {
  type WeightFile,
  weightFile,
  type WeightFileParts,
} from "./files/weight_file.ts";
export { initialWeightState, type WeightState } from "./update/weight_state.ts";
export type {
  WeightLimits,
  WeightReport,
  WeightWarning,
} from "./warnings/weight_report.ts";
export { weightWarnings } from "./weight_warnings.ts";
export {
  type FittedWeights,
  fitWeights,
  weightsFor,
} from "./files/weights_for.ts";
export type { RandomSource } from "../base/random_source.ts";
export type { Progress } from "../base/progress_event.ts";

/**
 * tdro trains dense retrievers on many text tasks at once and learns how much
 * of each task to use, by task-level distributionally robust optimisation
 * (tDRO, arXiv 2408.10613). Text tasks go in, a trained retriever and a
 * mixture of weights come out; every step between is a function of its own.
 *
 * @example Weights move to the task where the proxy lags
 * ```ts
 * import { initialWeightState, stepWeights } from "@tdro/tdro";
 * import assert from "node:assert/strict";
 *
 * const state = stepWeights(initialWeightState([0.5, 0.5]), {
 *   losses: [2, 1],
 *   referenceLosses: [1, 1],
 *   domains: [0, 1],
 * });
 * assert.ok(state.curr[0]! > state.curr[1]!);
 * ```
 *
 * @module
 */
export { type Backend, useBackend } from "./lib/backend/mod.ts";
export {
  checkSuite,
  openSuite,
  type Suite,
  suiteFromFile,
  type Task,
  trainExamples,
  writeSuite,
} from "./lib/data/mod.ts";
export {
  initialWeightState,
  learnWeights,
  readWeightFile,
  replayWeights,
  selectTop,
  stepWeights,
  weightsFor,
  type WeightState,
} from "./lib/dro/mod.ts";
export { type EvalReport, evaluate } from "./lib/eval/mod.ts";
export {
  compareMixtures,
  explainRun,
  learn,
  mineSuite,
  openRetriever,
  reportRuns,
  runExperiment,
  trainRetriever,
} from "./lib/experiment/mod.ts";
export {
  encodeFunction,
  type Encoder,
  encodeTexts,
  loadEncoder,
  pullModel,
  saveEncoder,
} from "./lib/model/mod.ts";
export {
  metricsTable,
  ndcgPlot,
  resultsTable,
  scoresTable,
  show,
  suiteTable,
  watchProgress,
  weightsPlot,
  weightsTable,
} from "./lib/report/mod.ts";
export { batches, createRng, mixture } from "./lib/sampling/mod.ts";
export { exactSearch, mineHardNegatives } from "./lib/search/mod.ts";
export { infoNce, train } from "./lib/train/mod.ts";

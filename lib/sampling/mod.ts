/**
 * From tasks and their weights to batches: seeded generators whose state can
 * be saved, mixtures, and the sampler, which resumes anywhere.
 *
 * @example A mixture, and a run that stops and goes on
 * ```ts
 * import { batches, mixture } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const rows = [[0, 300], [1, 100]].map(([domain, size]) =>
 *   Array.from({ length: size! }, (_, row) => ({
 *     domain: domain!,
 *     query: { id: `q${row}`, text: `query ${row}` },
 *     positives: [{ id: `p${row}`, text: `passage ${row}` }],
 *     negatives: [],
 *   }))
 * );
 * const weights = mixture(rows.map((r) => r.length), { temperature: 2 });
 *
 * const options = { size: 8, seed: 1, passages: 1 };
 * const [first, second] = batches(rows, weights, { ...options, count: 2 });
 *
 * const { cursor } = first!;
 * const [resumed] = batches(rows, weights, { ...options, cursor, count: 2 });
 * assert.deepEqual(resumed, second);
 * ```
 *
 * @module
 */
export {
  batches,
  type BatchesOptions,
  type PassageOrder,
  type RowShuffle,
  type StopRule,
  type TaskDraw,
} from "./batches.ts";
export { createRng, restoreRng } from "./create_rng.ts";
export { cumulativeShares, drawTask } from "./draw_task.ts";
export { falseNegativeMask } from "./false_negative_mask.ts";
export {
  falseNegatives,
  type FalseNegativesOptions,
} from "./false_negatives.ts";
export type { SharedColumns } from "../base/shared_columns.ts";
export {
  mixture,
  type MixtureOptions,
  type MixtureRule,
  trainSizes,
} from "./mixture.ts";
export { shuffled } from "../base/shuffled.ts";
export { stratifiedTasks } from "./stratified_tasks.ts";
export type {
  Batch,
  BatchExample,
  Rng,
  RngState,
  SamplerCursor,
} from "./types.ts";

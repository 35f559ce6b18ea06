import { standardNormal } from "../base/standard_normal.ts";
import {
  createRng,
  cumulativeShares,
  drawTask,
  stratifiedTasks,
  type TaskDraw,
} from "../sampling/mod.ts";
import { initialWeightState } from "./update/weight_state.ts";
import {
  type ClipKind,
  stepWeights,
  type StepWeightsOptions,
} from "./update/step_weights.ts";

/** What the noise of learned weights depends on. */
export interface WeightNoiseOptions
  extends Pick<StepWeightsOptions, "measure" | "referenceFloor" | "floorAsAt"> {
  /** Number of tasks K, an integer ≥ 2. */
  tasks: number;
  /** Examples of an update, an integer ≥ 1. */
  batchSize: number;
  /** Updates, an integer ≥ 1. */
  steps: number;
  /** Step size on the log-weights. */
  eta: number;
  /** How the tasks of a batch are drawn. @default {"stratified"} */
  draw?: TaskDraw;
  /** Runs whose log-weights are averaged, an integer ≥ 1. @default {1} */
  seeds?: number;
  /** How the measures are clipped. @default {"norm"} */
  clip?: ClipKind;
}

/** Spread of the losses' logarithms that is assumed. */
const LOSS_SPREAD = 0.6;

/** Spread of the logarithms of proxy's over reference's loss. */
const RATIO_SPREAD = 0.3;

/** Examples that are simulated; a single update with more is one all the same. */
const SIMULATED = 50_000;

/** Updates that are simulated at least and at most. */
const UPDATES = [16, 400] as const;

/**
 * How far learned weights are expected to spread although no task differs from
 * another: the standard deviation of the log-weights over the tasks at the end,
 * no unit. 0.1 means that weights differ by about 10 % for no reason.
 *
 * Losses are assumed log-normal (σ = 0.6), those of proxy and reference apart by a
 * log-normal factor (σ = 0.3). Updates are independent of each other then, so the
 * spread is eta · √(steps / seeds) · s, with s the spread of one update's clipped
 * measures over the tasks, which is simulated; always with the same draws.
 *
 * The bands of `chanceBands()` tell the same of a finished run by its own losses.
 *
 * @param options Tasks, batch size, updates, step size.
 * @returns The spread, ≥ 0.
 * @throws {RangeError} If an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { weightNoise } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const settings = { tasks: 34, batchSize: 34, steps: 100, eta: 0.2 };
 * const noise = weightNoise(settings);
 * assert.ok(noise > 0.08 && noise < 0.13);
 * // Four times the updates at a quarter of the step: half the noise.
 * const longer = weightNoise({ ...settings, steps: 400, eta: 0.05 });
 * assert.ok(Math.abs(longer - noise / 2) < 1e-12);
 * ```
 */
export function weightNoise(options: WeightNoiseOptions): number {
  const { steps, eta, seeds = 1 } = options;
  const counts = { steps, seeds, batchSize: options.batchSize };
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      fail(`${name} must be an integer >= 1: got ${value}`);
    }
  }
  if (!(Number.isSafeInteger(options.tasks) && options.tasks >= 2)) {
    fail(`tasks must be an integer >= 2: got ${options.tasks}`);
  }
  if (!(eta >= 0 && eta < Infinity)) {
    fail(`eta must be finite and >= 0: got ${eta}`);
  }
  return eta * Math.sqrt(steps / seeds) * spreadOfUpdate(options);
}

/** Standard deviation over the tasks of one update's clipped measures. */
function spreadOfUpdate(
  { tasks, batchSize, draw = "stratified", measure, clip = "norm", ...floor }:
    WeightNoiseOptions,
): number {
  const rng = createRng(1, "weight-noise");
  const shares = cumulativeShares(new Array(tasks).fill(1));
  const start = initialWeightState(new Array(tasks).fill(1 / tasks));
  const { referenceFloor, floorAsAt } = floor;
  const [least, most] = UPDATES;
  const updates = Math.min(
    most,
    Math.max(least, Math.round(SIMULATED / batchSize)),
  );
  let variance = 0;
  for (let update = 0; update < updates; update++) {
    const domains = draw === "stratified"
      ? stratifiedTasks(shares, batchSize, rng.next())
      : Array.from({ length: batchSize }, () => drawTask(shares, rng.next()));
    const referenceLosses = domains.map(() =>
      Math.exp(LOSS_SPREAD * standardNormal(rng))
    );
    const losses = referenceLosses.map((loss) =>
      loss * Math.exp(RATIO_SPREAD * standardNormal(rng))
    );
    const { gradient } = stepWeights(
      start,
      { losses, referenceLosses, domains },
      { measure, referenceFloor, floorAsAt, clip, eta: 0 },
    );
    const mean = gradient.reduce((sum, h) => sum + h, 0) / tasks;
    variance += gradient.reduce((sum, h) => sum + (h - mean) ** 2, 0) / tasks;
  }
  return Math.sqrt(variance / updates);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot tell the noise of weights: ${reason}`);
}

import { ascend, type WeightOptimizer } from "./ascend.ts";
import { boundWeights } from "./bound_weights.ts";
import { freezeMeasures, freezeSteps } from "./freeze.ts";
import { type WeightSettings, weightSettings } from "./weight_settings.ts";
import {
  type LossObservation,
  measureLosses,
  type MeasureLossesOptions,
} from "./measure_losses.ts";
import type { WeightState } from "./weight_state.ts";

export type { WeightOptimizer };

/** How the measures are clipped before the step. */
export interface ClipOptions {
  /**
   * The whole vector to length `max`, each value to ±`max`, or not at all.
   * @default {"norm"}
   */
  by?: ClipKind;
  /** Length or largest value, > 0. @default {1} */
  max?: number;
}

/** What is clipped: the vector of measures, each of them, or nothing. */
export type ClipKind = "norm" | "value" | "none";

/** How log-weights follow their measures. */
export interface WeightOptimizerOptions {
  /** The optimiser. @default {"sgd"} */
  name?: WeightOptimizer;
  /** Pull of the log-weights to 0, ≥ 0. @default {0} */
  weightDecay?: number;
  /**
   * SGD with the reference's momentum, which uses `ema` as momentum and 1 −
   * `ema` as dampening (spec section 15, S12). @default {false}
   */
  weightEma?: boolean;
  /** Decay of AdamW's first moment, in [0, 1). @default {0.9} */
  beta1?: number;
  /** Decay of AdamW's second moment, in [0, 1). @default {0.999} */
  beta2?: number;
  /** Added to the root in AdamW and RMSprop, ≥ 0. @default {1e-8} */
  epsilon?: number;
  /** Decay of RMSprop's second moment, in [0, 1). @default {0.99} */
  rmspropAlpha?: number;
}

/** How far weights may go; none of it is part of tDRO. */
export interface WeightBounds {
  /**
   * Share c of a uniform mixture in the new weights, in [0, 1]: DoReMi's
   * smoothing, a ← (1 − c)·a + c/K. @default {0}
   */
  smoothing?: number;
  /**
   * Smallest weight, in [0, 1/K] for the K tasks that don't have weight 0; the
   * others are scaled to keep the sum 1. @default {0}
   */
  floor?: number;
  /** Largest weight, in [1/K, 1]. @default {1} */
  cap?: number;
}

/**
 * A pull to given weights, which is not part of tDRO: the step maximises
 * ⟨a, h⟩ − KL(a ‖ before)/eta − λ·KL(a ‖ prior), that is
 * u ← (u + eta·λ·log prior) / (1 + eta·λ) after the optimiser's step.
 */
export interface WeightPrior {
  /** Strength λ of the pull, ≥ 0. @default {0} */
  strength?: number;
  /**
   * Weights to pull to, shape `[K]`, finite, > 0 where a weight is > 0; need
   * not sum to 1. Default: uniform.
   */
  weights?: readonly number[];
}

/**
 * Options for {@linkcode stepWeights}, grouped by concern; plain data. The
 * defaults are the settings that tDRO was released with (spec section 13), except
 * that it accumulates over 4 micro-batches.
 */
export interface StepWeightsOptions extends MeasureLossesOptions {
  /**
   * Step size on the log-weights, finite, ≥ 0, no unit. For a schedule, give
   * each call the step size of update number `state.updates`, as
   * `learningRateFactor` tells it. @default {0.02}
   */
  eta?: number;
  /** Micro-batches per weight update (A), an integer ≥ 1. @default {1} */
  accumulate?: number;
  /** Share of the new weights in `state.ema`, in [0, 1]. @default {0.1} */
  ema?: number;
  /**
   * Whether the log-weights are shifted after each update so that the weights
   * sum to 1. Changes the result only with weight decay. @default {true}
   */
  normalize?: boolean;
  /** How the measures are clipped, or what `by` says alone. @default {"norm"} */
  clip?: ClipKind | ClipOptions;
  /** Optimiser of the log-weights, or its name alone. @default {"sgd"} */
  optimizer?: WeightOptimizer | WeightOptimizerOptions;
  /** How far weights may go. @default {no bounds} */
  bounds?: WeightBounds;
  /** A pull to given weights. @default {none} */
  prior?: WeightPrior;
  /**
   * Domain ids of tasks whose weights keep their ratios to each other: they
   * move as one, along the mean of their measures weighted with their weights,
   * so that only their total and the other weights are learned. For tasks
   * added to a mixture that was learned before; not together with `bounds`,
   * which change ratios. @default {[]}
   */
  frozen?: readonly number[];
}

/**
 * Takes in one micro-batch of losses; every A-th call updates the weights, by
 * exponentiated-gradient ascent on the task measures (spec section 9):
 *
 * ```text
 * h = mean over the A micro-batches of each task's measure (absent: 0), clipped
 * u = u + eta · h                   (or another optimiser's step)
 * curr = softmax(u)                 so curr ← curr · exp(eta · h) / Z
 * mean = mean of all curr so far;  ema = (1 − ema) · ema + ema · curr
 * ```
 *
 * Call it before computing the proxy's loss of the same micro-batch, and weigh
 * that with {@linkcode exampleWeights} of the returned `curr`: the reference
 * updates the weights before the last micro-batch's loss, so that one already
 * uses the new weights.
 *
 * The gradient is the measure itself, without the factor a. In the released
 * settings the clip is active at nearly every update, so each update moves u
 * by a vector of length eta whatever the scale of the losses. A task whose
 * weight is 0 keeps it for ever.
 *
 * @param state The state; not changed.
 * @param observation Losses of one micro-batch, of all devices together.
 * @param options Measure, step size, clip, optimiser and bounds.
 * @returns The next state, of shape `[K]` like the one given.
 * @throws {RangeError} If a loss is NaN, infinite or negative, a domain id is
 * out of range, the batch is empty, an option is out of range, or the step
 * overflows.
 *
 * @example Usage
 * ```ts
 * import { initialWeightState, stepWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * let state = initialWeightState([0.5, 0.5]);
 * // Task 0 lags behind its reference, task 1 is level with it.
 * const batch = { losses: [2, 1], referenceLosses: [1, 1], domains: [0, 1] };
 * for (let step = 0; step < 10; step++) {
 *   state = stepWeights(state, batch, { measure: "ratio-of-means" });
 * }
 * assert.ok(state.curr[0]! > 0.5);
 * ```
 */
export function stepWeights(
  state: WeightState,
  observation: LossObservation,
  options: StepWeightsOptions = {},
): WeightState {
  const settings = weightSettings(options, state);
  const domains = state.curr.length;
  const { perDomain } = measureLosses(observation, domains, settings);

  const accumulated = state.accumulated.map((h, k) => h + perDomain[k]!);
  const pending = state.pending + 1;
  if (pending < settings.accumulate) return { ...state, accumulated, pending };
  const measures = freezeMeasures(
    accumulated.map((h) => h / pending),
    settings.frozen,
    state.logWeights,
  );
  const gradient = clipped(measures, settings);
  return update(state, gradient, settings);
}

function update(
  state: WeightState,
  gradient: number[],
  settings: WeightSettings,
): WeightState {
  const step = state.updates + 1;
  const first = [...state.first];
  const second = [...state.second];
  let logWeights = state.logWeights.map((u, k) => {
    if (u === null) return null; // weight 0, for ever
    const before = { u, first: first[k]!, second: second[k]! };
    const after = ascend(before, { h: gradient[k]!, step }, settings);
    first[k] = after.first;
    second[k] = after.second;
    return pulled(after.u, k, settings);
  });
  logWeights = freezeSteps(logWeights, settings.frozen, state.logWeights);
  if (logWeights.some((u) => u !== null && !Number.isFinite(u))) {
    fail(
      `the step overflows; lower eta (${settings.eta}) or clip the measures (largest ${
        gradient.reduce((a, b) => Math.max(a, b), 0)
      })`,
    );
  }
  const logTotal = logSumExp(logWeights);
  let curr = logWeights.map((u) => u === null ? 0 : Math.exp(u - logTotal));
  if (isBounded(settings)) {
    // A weight that underflows to 0 must come back to the floor.
    curr = curr.map((weight, k) =>
      logWeights[k] === null ? 0 : Math.max(weight, Number.MIN_VALUE)
    );
    curr = boundWeights(smoothed(curr, settings), settings.floor, settings.cap);
    // The log-weights follow: otherwise those held back at a bound would run
    // on, and take as many steps to come back.
    logWeights = curr.map((weight) => weight > 0 ? Math.log(weight) : null);
  } else if (settings.normalize) {
    // Not log(curr): a weight that underflows to 0 must not stay there.
    logWeights = logWeights.map((u) => u === null ? null : u - logTotal);
  }
  const { ema } = settings;
  const seen = state.updates;
  return {
    updates: step,
    pending: 0,
    accumulated: gradient.map(() => 0),
    logWeights,
    curr,
    // The start weights count in ema, but not in mean.
    mean: curr.map((w, k) => (state.mean[k]! * seen + w) / step),
    ema: curr.map((w, k) => (1 - ema) * state.ema[k]! + ema * w),
    gradient,
    first,
    second,
  };
}

/** The measures of a micro-batch after clipping. */
export function clipped(
  h: number[],
  { clip, maxNorm }: Pick<WeightSettings, "clip" | "maxNorm">,
): number[] {
  if (clip === "none") return h;
  if (clip === "value") {
    return h.map((value) => Math.min(Math.max(value, -maxNorm), maxNorm));
  }
  const norm = Math.sqrt(h.reduce((sum, value) => sum + value * value, 0));
  // 1e-6 is in the reference; it also saves the case of all zeros.
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  return h.map((value) => value * factor);
}

/** A log-weight after the pull to the prior. */
function pulled(
  u: number,
  k: number,
  { priorStrength, prior, eta }: WeightSettings,
): number {
  const pull = eta * priorStrength;
  if (pull === 0) return u;
  return (u + pull * (prior ? Math.log(prior[k]!) : 0)) / (1 + pull);
}

/** A mixture with the uniform weights over the tasks that take part. */
function smoothed(weights: number[], { smoothing }: WeightSettings): number[] {
  const part = weights.filter((weight) => weight > 0).length;
  return weights.map((weight) =>
    weight > 0 ? (1 - smoothing) * weight + smoothing / part : 0
  );
}

function isBounded({ smoothing, floor, cap }: WeightSettings): boolean {
  return smoothing > 0 || floor > 0 || cap < 1;
}

function logSumExp(logs: readonly (number | null)[]): number {
  let top = -Infinity;
  for (const u of logs) if (u !== null && u > top) top = u;
  let sum = 0;
  for (const u of logs) if (u !== null) sum += Math.exp(u - top);
  return top + Math.log(sum);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step weights: ${reason}`);
}

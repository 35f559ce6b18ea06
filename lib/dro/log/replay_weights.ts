import type { LossObservation } from "../update/measure_losses.ts";
import {
  stepWeights,
  type StepWeightsOptions,
} from "../update/step_weights.ts";
import {
  initialWeightState,
  type WeightState,
} from "../update/weight_state.ts";

/** Options for {@linkcode replayWeights}. */
export interface ReplayWeightsOptions extends Omit<StepWeightsOptions, "eta"> {
  /**
   * Step size on the log-weights, finite, ≥ 0, or the step size of each update
   * by its number from 0, for a schedule. @default {0.02}
   */
  eta?: number | ((update: number) => number);
  /**
   * Weights before the first micro-batch, shape `[K]`. Default: 1/K for each of
   * the K tasks up to the largest domain id that occurs.
   */
  start?: readonly number[];
}

/** What {@linkcode replayWeights} learned. */
export interface ReplayedWeights {
  /**
   * The state at the end; its `curr` are the weights. `pending` counts the
   * micro-batches after the last update that didn't make another one.
   */
  state: WeightState;
  /** Weights after each update, oldest first, shape `[updates][K]`. */
  history: number[][];
}

/**
 * Learns weights from losses that were logged, whatever trained the proxy:
 * {@linkcode stepWeights} over the micro-batches in order. The same losses
 * give the same weights, to the last bit, as in the training run.
 *
 * What another measure or step size would have given is only a shadow of a run
 * with it: the proxy was trained with the weights of its own run.
 *
 * @param lines Micro-batches in order, e.g. those of {@linkcode readLossLog}.
 * @param options Start, measure, step size and the rest of the update.
 * @returns Final state, and the weights after each update.
 * @throws {RangeError} If there are no micro-batches, or one or an option is
 * out of range; the message counts micro-batches from 0.
 *
 * @example Usage
 * ```ts
 * import { replayWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const line = { losses: [2, 1], referenceLosses: [1, 1], domains: [0, 1] };
 * const { state, history } = replayWeights([line, line, line]);
 * assert.equal(history.length, 3);
 * assert.ok(state.curr[0]! > 0.5);
 * ```
 */
export function replayWeights(
  lines: readonly LossObservation[],
  options: ReplayWeightsOptions = {},
): ReplayedWeights {
  const { start, eta, ...update } = options;
  if (lines.length === 0) {
    throw new RangeError(
      "Cannot replay weights: there are no micro-batches; give at least one",
    );
  }
  let state = initialWeightState(start ?? uniform(lines));
  const history: number[][] = [];
  lines.forEach((line, i) => {
    const seen = state.updates;
    const rate = typeof eta === "function" ? eta(seen) : eta;
    try {
      state = stepWeights(
        state,
        line,
        rate === undefined ? update : { ...update, eta: rate },
      );
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const reason = error.message.replace(/^Cannot [^:]*: /, "");
      throw new RangeError(`Cannot replay micro-batch ${i}: ${reason}`, {
        cause: error,
      });
    }
    if (state.updates > seen) history.push(state.curr);
  });
  return { state, history };
}

function uniform(lines: readonly LossObservation[]): number[] {
  let last = -1;
  for (const { domains } of lines) {
    for (let i = 0; i < domains.length; i++) last = Math.max(last, domains[i]!);
  }
  return Array.from({ length: last + 1 }, () => 1 / (last + 1));
}

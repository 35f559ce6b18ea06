import {
  replayWeights,
  type ReplayWeightsOptions,
} from "./log/replay_weights.ts";
import { meanWeights } from "./mean_weights.ts";
import type { LossObservation } from "./update/measure_losses.ts";
import type { RandomSource } from "../base/random_source.ts";
import { shuffled } from "../base/shuffled.ts";

/** Options for {@linkcode chanceBands}. */
export interface ChanceBandsOptions extends ReplayWeightsOptions {
  /** Where chance comes from. */
  rng: RandomSource;
  /** How often weights are learned anew, an integer ≥ 20. @default {200} */
  replays?: number;
  /**
   * Micro-batches of further runs of stage 1, where the weights are the mean of all of
   * them on the scale of logarithms. @default {[]}
   */
  repeats?: readonly (readonly LossObservation[])[];
}

/** Weights that chance alone gives a task: 95 % of them lie between the two. */
export type ChanceBand = [low: number, high: number];

/**
 * Whether a weight is one that chance alone gives.
 *
 * @param weight The weight; those of all tasks sum to 1.
 * @param band The task's band, from {@linkcode chanceBands}.
 *
 * @example Usage
 * ```ts
 * import { isWithinChance } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(isWithinChance(0.3, [0.2, 0.4]), true);
 * assert.equal(isWithinChance(0.5, [0.2, 0.4]), false);
 * ```
 */
export function isWithinChance(
  weight: number,
  [low, high]: Readonly<ChanceBand>,
): boolean {
  return weight >= low && weight <= high;
}

/**
 * The weights that would have come out if no task differed from another: within each
 * micro-batch the examples' losses are dealt to the tasks anew, at random, and the
 * weights are learned again from what results. A learned weight within its band says
 * nothing about its task; outside, that the task's examples differ from the others'.
 *
 * Costs no training: it needs the logged losses alone. A task with fewer examples has
 * a wider band.
 *
 * @param lines Micro-batches in order, as for {@linkcode replayWeights}.
 * @param options Where chance comes from, and the update that learned the weights.
 * @returns The band of each task, shape `[K]`.
 * @throws {RangeError} If there are no micro-batches, or an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { chanceBands, replayWeights } from "@tdro/tdro/dro";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * // Task 0 lags behind in every batch; the others differ by noise.
 * const rng = createRng(1, "example");
 * const lines = Array.from({ length: 100 }, () => ({
 *   losses: [2, 1 + rng.next(), 1 + rng.next(), 1 + rng.next()],
 *   referenceLosses: [1, 1, 1, 1],
 *   domains: [0, 1, 2, 3],
 * }));
 * const { state } = replayWeights(lines);
 * const bands = chanceBands(lines, { rng });
 * assert.ok(state.curr[0]! > bands[0]![1]);
 * ```
 */
export function chanceBands(
  lines: readonly LossObservation[],
  { rng, replays = 200, repeats = [], ...update }: ChanceBandsOptions,
): ChanceBand[] {
  if (!Number.isInteger(replays) || replays < 20) {
    throw new RangeError(
      `Cannot tell weights from chance: replays must be an integer >= 20: got ${replays}`,
    );
  }
  /** Weights from losses that were dealt anew. */
  const dealt = (batches: readonly LossObservation[]) =>
    replayWeights(
      batches.map((line) => ({
        ...line,
        domains: shuffled(Array.from(line.domains), rng),
      })),
      update,
    ).state.curr;
  const outcomes = Array.from(
    { length: replays },
    () =>
      repeats.length === 0
        ? dealt(lines)
        : meanWeights([lines, ...repeats].map(dealt)),
  );
  const tail = Math.floor(0.025 * replays);
  return outcomes[0]!.map((_, k) => {
    const weights = outcomes.map((outcome) => outcome[k]!)
      .sort((a, b) => a - b);
    return [weights[tail]!, weights[replays - 1 - tail]!];
  });
}

import { drawDirichlet } from "./dirichlet.ts";
import { ridge } from "./ridge.ts";
import { checkFinite } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";
import { tryMixtures } from "./try_mixtures.ts";
import type { RandomSource } from "../../base/random_source.ts";

/** One tried mixture and what came of it. */
export interface TriedMixture {
  /** Sampling weights, shape `[K]`, sum 1. */
  weights: readonly number[];
  /** Dev loss on each task afterwards, shape `[K]`. */
  losses: readonly number[];
}

/** Options for {@linkcode regmixWeights}. */
export interface RegmixOptions {
  /** Where chance comes from. */
  rng: Pick<RandomSource, "next">;
  /** Mixtures to simulate, an integer ≥ 1. @default {10_000} */
  simulations?: number;
  /** How many of the best are averaged, in [1, simulations]. @default {100} */
  keep?: number;
  /** Strength of the ridge, > 0. @default {1e-4} */
  lambda?: number;
}

/** Smallest and largest concentration of a random mixture, for each task. */
const CONCENTRATION = [0.1, 5] as const;

/**
 * A random mixture for a proxy run: Dirichlet around uniform, with a
 * concentration drawn log-uniformly from 0.1 (nearly one task alone) to 5
 * (nearly uniform).
 *
 * @param tasks Number of tasks (K).
 * @param rng Where chance comes from.
 * @returns Weights, shape `[K]`, sum 1.
 *
 * @example Usage
 * ```ts
 * import { randomMixture } from "@tdro/tdro/dro";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const weights = randomMixture(3, createRng(1, "example"));
 * assert.ok(Math.abs(weights.reduce((a, b) => a + b) - 1) < 1e-12);
 * ```
 */
export function randomMixture(
  tasks: number,
  rng: Pick<RandomSource, "next">,
): number[] {
  const [low, high] = CONCENTRATION;
  const alpha = low * (high / low) ** rng.next();
  return drawDirichlet(Array.from({ length: tasks }, () => alpha), rng);
}

/**
 * The mixture that a regression holds for best, after RegMix (Liu et al. 2024,
 * arXiv 2407.01492): a ridge regression from weights to the mean dev loss over
 * tasks, then many simulated mixtures, of which those with the lowest
 * predictions are averaged.
 *
 * @param tried Mixtures and their dev losses, at least 2.
 * @param options Where chance comes from, and how much is simulated.
 * @returns Weights, shape `[K]`, sum 1.
 * @throws {RangeError} If there are too few observations, shapes don't fit, or
 * a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { randomMixture, regmixWeights } from "@tdro/tdro/dro";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const rng = createRng(1, "example");
 * const tried = Array.from({ length: 10 }, () => {
 *   const weights = randomMixture(3, rng);
 *   return { weights, losses: [2 - weights[1]!, 1, 1] }; // task 1 helps task 0
 * });
 * const best = regmixWeights(tried, { rng, simulations: 1000, keep: 10 });
 * assert.ok(best[1]! > 0.9);
 * ```
 */
export function regmixWeights(
  tried: readonly TriedMixture[],
  options: RegmixOptions,
): number[] {
  const { rng, simulations = 10_000, lambda = 1e-4 } = options;
  const { keep = Math.min(100, simulations) } = options;
  if (tried.length < 2) fail(`at least 2 runs are needed: got ${tried.length}`);
  const tasks = tried[0]!.weights.length;
  for (const { weights, losses } of tried) {
    if (weights.length !== tasks || losses.length !== tasks) {
      fail(
        `every run must have a weight and a loss for each of ${tasks} tasks`,
      );
    }
    checkFinite(weights, "weights");
    checkFinite(losses, "losses");
  }
  if (!Number.isInteger(simulations) || !(simulations >= 1)) {
    fail(`simulations must be an integer >= 1: got ${simulations}`);
  }
  if (!Number.isInteger(keep) || !(keep >= 1 && keep <= simulations)) {
    fail(`keep must be an integer in [1, ${simulations}]: got ${keep}`);
  }
  if (!(lambda > 0 && lambda < Infinity)) {
    fail(`lambda must be > 0: got ${lambda}`);
  }
  // The mean of the tasks' ridge predictions is the prediction of the mean.
  const { slopes } = ridge(
    tried.map((run) => run.weights),
    tried.map(({ losses }) => losses.reduce((a, b) => a + b, 0) / tasks),
    lambda,
  );
  const best = Array.from({ length: simulations }, (_, index) => {
    const weights = randomMixture(tasks, rng);
    const value = weights.reduce((sum, w, k) => sum + w * slopes[k]!, 0);
    return { weights, value, index };
  }).sort((a, b) => a.value - b.value || a.index - b.index).slice(0, keep);
  const mean = slopes.map((_, k) =>
    best.reduce((sum, { weights }) => sum + weights[k]!, 0)
  );
  const total = mean.reduce((a, b) => a + b, 0);
  return mean.map((m) => m / total);
}

/**
 * RegMix: many short proxy runs on random mixtures, then
 * {@linkcode regmixWeights}. Ours: 3·K runs (at least 8), which share the
 * budget; mixtures around uniform, not around the data's proportions; a ridge
 * regression, which the paper compares with boosted trees and finds not far
 * behind.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { regmix } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(regmix().source, /2407\.01492/);
 * ```
 */
export function regmix(): Strategy {
  return {
    name: "regmix",
    source: "RegMix (Liu et al. 2024, arXiv 2407.01492)",
    formula:
      "mean of the 100 of 10,000 simulated mixtures with the lowest b·a, b the ridge slopes of mean dev loss on a",
    cost: "N: in max(3K, 8) equal runs, each with its dev losses",
    failsWhen:
      "the runs are too short to show more than noise, or a task's use wanes with its share: a linear map can't see that, and goes for one task",
    async *learn(context) {
      const tasks = context.names.length;
      const tried = yield* tryMixtures(context, {
        strategy: "regmix",
        draw: (rng) => randomMixture(tasks, rng),
      });
      return regmixWeights(tried, { rng: context.rng("regmix/simulations") });
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot choose a mixture by RegMix: ${reason}`);
}

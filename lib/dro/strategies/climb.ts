import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";
import {
  fitMixingLaw,
  lossOnMixture,
  type MixturePoint,
} from "../regression/mixing_law.ts";
import { affordable } from "./affordable.ts";
import { lossesAfter } from "./losses_after.ts";
import { randomMixture } from "./regmix.ts";
import type { Strategy } from "./strategy.ts";

/** Shares of the runs in each round: 64, 32 and 16 in the paper. */
const ROUNDS = [4, 2, 1];

/** Mixtures that the predictor ranks in each round, and how many of the best count. */
const CANDIDATES = 10_000;
const BEST = 100;

/**
 * CLIMB without its clustering (the tasks are the clusters): mixtures are drawn, tried
 * by short proxy runs, and a predictor fitted to all runs so far chooses where the next
 * round is drawn; in the end it chooses the result. Ours: max(3 K, 7) runs in three
 * rounds, 4 : 2 : 1 as in the paper; the predictor is the log-linear law of the mean dev
 * loss, where the paper has boosted trees; the next round's mixtures are drawn by lot
 * from the best 100 of 10,000.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { climb } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(climb().source, /2504\.13161/);
 * ```
 */
export function climb(): Strategy {
  return {
    name: "climb",
    source: "CLIMB (Diao et al. 2025, arXiv 2504.13161), tasks as clusters",
    formula:
      "in three rounds: mixtures from the best 100 of 10,000 by a law c + exp(t · p) of the mean dev loss; then the best",
    cost: "N: in max(3K, 7) equal runs, each with its dev losses",
    failsWhen:
      "the first round's runs show no more than noise: later rounds then look in the wrong place",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const tasks = names.length;
      const runs = Math.max(3 * tasks, 7);
      const steps = affordable(context, {
        strategy: "climb",
        unit: `a step of each of its ${runs} runs`,
        each: runs,
        rest: runs * costs.devLosses,
      });
      const rng = context.rng("climb/mixtures");
      const points: MixturePoint[] = [];
      for (const ends of roundEnds(runs)) {
        const drawn = points.length === 0
          ? Array.from({ length: ends }, () => randomMixture(tasks, rng))
          : shuffled(bestOf(points, rng), rng).slice(0, ends - points.length);
        for (const weights of drawn) {
          const losses = await lossesAfter(context, weights, steps);
          const mean = losses.reduce((a, b) => a + b, 0) / tasks;
          points.push({ weights, loss: Math.max(0, mean) });
          yield {
            done: context.spent(),
            total: proxySteps,
            note: `${points.length} of ${runs} mixtures`,
          };
        }
      }
      return bestOf(points, rng)[0]!;
    },
  };
}

/** How many runs there are after each round. */
function roundEnds(runs: number): number[] {
  const total = ROUNDS.reduce((a, b) => a + b, 0);
  let share = 0;
  return ROUNDS.map((part) => Math.round(runs * (share += part) / total));
}

/** The candidates with the lowest predictions, the best first. */
function bestOf(
  points: readonly MixturePoint[],
  rng: Pick<RandomSource, "next">,
): number[][] {
  const law = fitMixingLaw(points);
  const tasks = points[0]!.weights.length;
  return Array.from({ length: CANDIDATES }, (_, index) => {
    const weights = randomMixture(tasks, rng);
    return { weights, index, value: lossOnMixture(law, weights) };
  })
    .sort((a, b) => a.value - b.value || a.index - b.index)
    .slice(0, BEST)
    .map(({ weights }) => weights);
}

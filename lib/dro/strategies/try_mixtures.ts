import type { RandomSource } from "../../base/random_source.ts";
import { affordable } from "./affordable.ts";
import { lossesAfter } from "./losses_after.ts";
import type { TriedMixture } from "./regmix.ts";
import type { StrategyContext, StrategyProgress } from "./strategy.ts";

/** What {@linkcode tryMixtures} tries. */
export interface MixturesToTry {
  /** Name of the strategy: for the message, and of the draws' seed. */
  strategy: string;
  /** Draws a mixture, shape `[K]`, sum 1. */
  draw(rng: RandomSource): number[];
}

/**
 * Trains max(3 K, 8) proxies on random mixtures, which share the budget, and measures
 * each.
 *
 * @param context Tasks, budget, and what trains proxies.
 * @param mixtures Which mixtures.
 * @returns The mixtures with their dev losses.
 * @throws {RangeError} If the budget doesn't pay for a step of each.
 */
export async function* tryMixtures(
  context: StrategyContext,
  { strategy, draw }: MixturesToTry,
): AsyncGenerator<StrategyProgress, TriedMixture[]> {
  const { names, costs, proxySteps } = context;
  const runs = Math.max(3 * names.length, 8);
  const steps = affordable(context, {
    strategy,
    unit: `a step of each of its ${runs} runs`,
    each: runs,
    rest: runs * costs.devLosses,
  });
  const rng = context.rng(`${strategy}/mixtures`);
  const tried: TriedMixture[] = [];
  for (let run = 0; run < runs; run++) {
    const weights = draw(rng);
    const losses = await lossesAfter(context, weights, steps);
    tried.push({ weights, losses });
    yield {
      done: context.spent(),
      total: proxySteps,
      note: `${run + 1} of ${runs} mixtures`,
    };
  }
  return tried;
}

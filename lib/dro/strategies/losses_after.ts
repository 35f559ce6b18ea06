import type { StrategyContext } from "./strategy.ts";

/**
 * The tasks' dev losses of a new proxy that is trained on a mixture.
 *
 * @param context What trains it, and counts its steps.
 * @param weights The mixture, shape `[K]`.
 * @param steps Its updates.
 * @returns Mean losses in nats, shape `[K]`.
 */
export async function lossesAfter(
  context: Pick<StrategyContext, "proxy">,
  weights: readonly number[],
  steps: number,
): Promise<number[]> {
  const proxy = await context.proxy(steps);
  try {
    await proxy.train(weights, steps);
    return await proxy.devLosses();
  } finally {
    proxy.dispose();
  }
}

import type { StrategyContext } from "./strategy.ts";

/** How often the budget pays for something. Throws if not once. */
export function affordable(
  { proxySteps }: StrategyContext,
  cost: number,
  what: { strategy: string; unit: string },
): number {
  // A budget that is a multiple of the cost must not lose one to rounding.
  const times = Math.floor(proxySteps / cost + 1e-9);
  if (times >= 1) return times;
  throw new RangeError(
    `Cannot learn weights by ${what.strategy}: ${what.unit} takes ${
      round(cost)
    } proxy steps: got a budget of ${proxySteps}; raise it`,
  );
}

function round(x: number): number {
  return Math.ceil(x * 100) / 100;
}

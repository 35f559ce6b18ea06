import type { StrategyContext } from "./strategy.ts";

/** What a strategy wants to buy. */
export interface Wanted {
  /** Name of the strategy. */
  strategy: string;
  /** What it buys, for the message. */
  unit: string;
  /** Proxy steps that each takes. */
  each: number;
  /** Proxy steps that must be left over for the rest. @default {0} */
  rest?: number;
}

/** How often the budget pays for something. Throws if not once. */
export function affordable(
  { proxySteps }: StrategyContext,
  { strategy, unit, each, rest = 0 }: Wanted,
): number {
  // A budget that is a multiple of the cost must not lose one to rounding.
  const times = Math.floor((proxySteps - rest) / each + 1e-9);
  if (times >= 1) return times;
  throw new RangeError(
    `Cannot learn weights by ${strategy}: ${unit} takes ${
      Math.ceil((rest + each) * 100 - 1e-9) / 100
    } proxy steps: got a budget of ${proxySteps}; raise it`,
  );
}

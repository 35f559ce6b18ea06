import type { StepWeightsOptions } from "../step_weights.ts";
import type { StrategyContext } from "./strategy.ts";
import type { WeightPreset } from "./weight_preset.ts";

/** A preset, and what running it takes. */
export interface LossStrategyParts
  extends Omit<WeightPreset, "cost" | "learn"> {
  /** Whether it compares with the uniformly trained model. */
  reference: boolean;
  /**
   * The step size for this many updates, where the published one is made for
   * more of them. Absent: that of `options`.
   */
  eta?: (steps: number) => number;
}

/** Makes a strategy of a preset: stage 1 for as long as the budget lasts. */
export function lossStrategy(
  { reference, eta, ...preset }: LossStrategyParts,
): WeightPreset {
  return {
    ...preset,
    cost: reference
      ? "N: 4/3 for each of its steps, beside the reference's training"
      : "N: 1 for each of its steps",
    async *learn(context) {
      const steps = affordable(context, reference, preset.name);
      const update: StepWeightsOptions = {
        ...preset.options,
        ...(eta ? { eta: eta(steps) } : {}),
      };
      const state = yield* context.learnByLoss({ steps, update, reference });
      return [...state[preset.result]];
    },
  };
}

function affordable(
  { proxySteps, costs }: StrategyContext,
  reference: boolean,
  name: string,
): number {
  const each = reference ? costs.lossStep.withReference : costs.lossStep.alone;
  // A budget that is a multiple of the cost must not lose a step to rounding.
  const steps = Math.floor(proxySteps / each + 1e-9);
  if (steps >= 1) return steps;
  throw new RangeError(
    `Cannot learn weights by ${name}: the budget of ${proxySteps} proxy steps is below the ${each} of one step`,
  );
}

import { affordable } from "./affordable.ts";
import type { StepWeightsOptions } from "../update/step_weights.ts";
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
      ? "N: 4/3 for each of its steps, more if those have more texts than an update, beside the reference's training"
      : "N: 1 for each of its steps, more if those have more texts than an update",
    async *learn(context) {
      const { withReference, alone } = context.costs.lossStep;
      const steps = affordable(context, {
        strategy: preset.name,
        unit: "a step",
        each: reference ? withReference : alone,
      });
      const update: StepWeightsOptions = { ...preset.options };
      if (eta) update.eta = eta(steps);
      const state = yield* context.learnByLoss({ steps, update, reference });
      return [...state[preset.result]];
    },
  };
}

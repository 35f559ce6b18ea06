import type { Suite } from "../../data/mod.ts";
import {
  type BalanceName,
  lossBalance,
  type WeighExamples,
} from "../../train/mod.ts";
import type { MetricsLine } from "./metrics_log.ts";

/** A balance of the tasks' losses in a training that is logged and resumed. */
export interface BalancedLosses {
  /** Goes into `train()`. */
  weigh: WeighExamples;
  /** What the last update adds to its line of the log. */
  line(): Partial<MetricsLine>;
  /** What the next checkpoint is to keep. */
  state(): unknown;
  /** Takes that up again. */
  restore(state: unknown): void;
}

/**
 * Makes a balance for the training of an arm.
 *
 * @param name Which one.
 * @param options The tasks, and the run's seed.
 */
export function balancedLosses(
  name: BalanceName,
  { suite, seed }: { suite: Suite; seed: number },
): BalancedLosses {
  const { tasks } = suite;
  const balance = lossBalance(name, { tasks: tasks.length, seed });
  let lossWeightByTask: Record<string, number> = {};
  return {
    async weigh(losses, batch, gradientProducts) {
      const weights = await balance.weigh(losses, batch, gradientProducts);
      // Of an example, 1 where all are alike.
      lossWeightByTask = Object.fromEntries(
        batch.examples.map(({ domain }, i) => [
          tasks[domain]!.name,
          weights[i]! * weights.length,
        ]),
      );
      return weights;
    },
    line: () => ({ lossWeightByTask }),
    state: () => balance.state(),
    restore: (state) => balance.restore(state),
  };
}

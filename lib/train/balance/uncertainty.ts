import { z } from "zod";
import { type LossBalance, partsOfBatch, spread } from "./loss_balance.ts";

/** Options for {@linkcode uncertaintyBalance}. */
export interface UncertaintyOptions {
  /** Step size on the log-variances, > 0, no unit. @default {0.05} */
  rate?: number;
}

const stateSchema = z.object({ logVariances: z.array(z.number()) });

/**
 * Slope of exp(−s) · loss + s / 2 by s.
 *
 * @param logVariance s = log σ².
 * @param loss Mean loss of the task in nats.
 */
export function uncertaintySlope(logVariance: number, loss: number): number {
  return 0.5 - Math.exp(-logVariance) * loss;
}

/**
 * Weighs the tasks of an update by learned uncertainty (Kendall, Gal and Cipolla 2018,
 * arXiv 1705.07115, in its form for softmax losses):
 *
 * ```text
 * L = Σ_k exp(−s_k) L_k + s_k / 2,      s_k = log σ_k²
 * ```
 *
 * A task with large losses counts less: at rest exp(−s) = 1 / (2 L). Each s_k starts at 0
 * and goes down its slope after each update that holds the task. Ours: by plain gradient
 * steps at a rate of their own, as the model's rate moves a number too slowly. Costs
 * nothing.
 *
 * @param tasks Number of tasks K.
 * @param options Rate of the log-variances.
 * @returns What weighs examples in `train()`.
 * @throws {RangeError} If the rate is out of range.
 *
 * @example Usage
 * ```ts
 * import { uncertaintyBalance } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const { weigh, state } = uncertaintyBalance(2, { rate: 0.1 });
 * const batch = { examples: [{ domain: 0 }, { domain: 1 }] } as never;
 * const weights = await weigh(Float32Array.of(2, 0.5), batch, undefined as never);
 * assert.deepEqual(weights, [0.5, 0.5]); // s is 0 at first
 * assert.deepEqual(state(), { logVariances: [0.1 * 1.5, 0] });
 * ```
 */
export function uncertaintyBalance(
  tasks: number,
  { rate = 0.05 }: UncertaintyOptions = {},
): LossBalance {
  if (!(rate > 0 && rate < Infinity)) {
    throw new RangeError(
      `Cannot weigh tasks by uncertainty: rate must be finite and > 0: got ${rate}`,
    );
  }
  let logVariances = new Array<number>(tasks).fill(0);
  return {
    weigh(losses, batch) {
      const parts = partsOfBatch(losses, batch);
      const weights = spread(
        parts,
        parts.map(({ task }) => Math.exp(-logVariances[task]!)),
      );
      for (const { task, loss } of parts) {
        const s = logVariances[task]!;
        logVariances = logVariances.with(
          task,
          s - rate * uncertaintySlope(s, loss),
        );
      }
      return weights;
    },
    state: () => ({ logVariances }),
    restore: (state) => void ({ logVariances } = stateSchema.parse(state)),
  };
}

import { gradNormBalance } from "./grad_norm.ts";
import type { LossBalance } from "./loss_balance.ts";
import { pcGradBalance } from "./pc_grad.ts";
import { uncertaintyBalance } from "./uncertainty.ts";
import type { BalanceName } from "../../base/balance_names.ts";

/** What {@linkcode lossBalance} makes a balance for. */
export interface LossBalanceOptions {
  /** Number of tasks K. */
  tasks: number;
  /** Seed of what is drawn by lot. */
  seed: number;
}

/**
 * The balance of a name, with the defaults of each.
 *
 * @param name The name.
 * @param options Number of tasks, and a seed.
 *
 * @example Usage
 * ```ts
 * import { lossBalance } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const balance = lossBalance("uncertainty", { tasks: 2, seed: 1 });
 * assert.deepEqual(balance.state(), { logVariances: [0, 0] });
 * ```
 */
export function lossBalance(
  name: BalanceName,
  { tasks, seed }: LossBalanceOptions,
): LossBalance {
  switch (name) {
    case "uncertainty":
      return uncertaintyBalance(tasks);
    case "gradnorm":
      return gradNormBalance(tasks);
    case "pcgrad":
      return pcGradBalance({ seed });
  }
}

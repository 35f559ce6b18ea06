import type { BalanceName } from "../../base/balance_names.ts";
import { derived } from "./derived.ts";
import type { Strategy } from "./strategy.ts";

/** What is known of each balance. */
const BALANCED: Readonly<
  Record<BalanceName, { source: string; formula: string; failsWhen: string }>
> = {
  uncertainty: {
    source: "uncertainty weighting (Kendall et al. 2018, arXiv 1705.07115)",
    formula: "L = Σ_k exp(−s_k) L_k + s_k / 2",
    failsWhen:
      "a loss is large because there is most to learn: the task then counts least",
  },
  gradnorm: {
    source: "GradNorm (Chen et al. 2018, arXiv 1711.02257)",
    formula: "w_k down the slope of |w_k ‖∇L_k‖ − Ḡ r_k^1.5|",
    failsWhen:
      "batches are small, so that norms are mostly noise, or an update holds few tasks",
  },
  pcgrad: {
    source: "PCGrad (Yu et al. 2020, arXiv 2001.06782)",
    formula:
      "g_i − ⟨g_i, g_j⟩ / ‖g_j‖² g_j where ⟨g_i, g_j⟩ < 0, summed over i",
    failsWhen:
      "gradients seldom conflict, or conflict by noise alone: then it costs and changes little",
  },
};

/**
 * Trains on another strategy's mixture, and weighs the tasks of each update against each
 * other: see `lossBalance()`. It needs several tasks in an update.
 *
 * @param of The strategy that chooses the mixture.
 * @param balance How the tasks are weighed.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { balanced, uniformMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const { name, balance } = balanced(uniformMixture(), "pcgrad");
 * assert.deepEqual([name, balance], ["uniform-pcgrad", "pcgrad"]);
 * ```
 */
export function balanced(of: Strategy, balance: BalanceName): Strategy {
  if (of.balance !== undefined) {
    throw new RangeError(
      `Cannot weigh losses: ${of.name} weighs them by ${of.balance} already`,
    );
  }
  if (of.oneTask) {
    throw new RangeError(
      `Cannot weigh losses: ${of.name} needs updates of one task; name another strategy`,
    );
  }
  const { source, formula, failsWhen } = BALANCED[balance];
  return {
    ...of,
    ...of.online
      ? { learn: (context) => of.learn(context) }
      : derived({ of, change: (weights) => [...weights] }),
    name: `${of.name}-${balance}`,
    source: `${source}; ${of.source}`,
    formula: `${formula}; the mixture: ${of.formula}`,
    failsWhen: `${failsWhen}; and when ${of.failsWhen}`,
    balance,
  };
}

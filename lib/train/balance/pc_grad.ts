import { shuffled } from "../../base/shuffled.ts";
import { createRng } from "../../sampling/mod.ts";
import { type LossBalance, partsOfBatch, spread } from "./loss_balance.ts";

/** Options for {@linkcode pcGradBalance}. */
export interface PcGradOptions {
  /** Seed of the order in which gradients are compared. */
  seed: number;
}

/**
 * Gradient surgery (PCGrad; Yu et al. 2020, arXiv 2001.06782, algorithm 1) by inner
 * products alone: where the gradient of a task conflicts with another's, ⟨g_i, g_j⟩ < 0,
 * its part along the other is taken out. The sum of what is left is a combination of the
 * gradients, so that its coefficients say all.
 *
 * @param products Inner products of the tasks' gradients, symmetric, shape `[T][T]`.
 * @param orders For each task the others, in the order in which it is compared.
 * @returns c, shape `[T]`: the update is Σ c_i g_i; 1 each where nothing conflicts.
 *
 * @example Usage
 * ```ts
 * import { pcGradFactors } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * // Gradients [1, 0] and [-1, 1]: what is left is [1/2, 1/2] and [0, 1].
 * const factors = pcGradFactors([[1, -1], [-1, 2]], [[1], [0]]);
 * assert.deepEqual(factors, [2, 1.5]);
 * ```
 */
export function pcGradFactors(
  products: readonly (readonly number[])[],
  orders: readonly (readonly number[])[],
): number[] {
  const sum = products.map((): number => 0);
  orders.forEach((others, i) => {
    const own = products.map((_, j): number => j === i ? 1 : 0);
    for (const j of others) {
      const along = own.reduce((dot, c, k) => dot + c * products[k]![j]!, 0);
      if (along < 0 && products[j]![j]! > 0) {
        own[j]! -= along / products[j]![j]!;
      }
    }
    own.forEach((c, k) => sum[k]! += c);
  });
  return sum;
}

/**
 * Takes out of each task's gradient what conflicts with another's, see
 * {@linkcode pcGradFactors}; the update is their sum. Costs a backward pass for each task
 * of an update, and memory for the gradient of each.
 *
 * @param options Seed of the orders, which are new for each batch.
 * @returns What weighs examples in `train()`.
 *
 * @example Usage
 * ```ts
 * import { pcGradBalance } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const { weigh } = pcGradBalance({ seed: 1 });
 * const batch = { index: 0, examples: [{ domain: 0 }, { domain: 1 }] } as never;
 * const products = () => Promise.resolve([[1, -1], [-1, 2]]);
 * const weights = await weigh(Float32Array.of(1, 1), batch, products);
 * assert.deepEqual(weights, [1, 0.75]); // 2 and 1.5, of 2 examples
 * ```
 */
export function pcGradBalance({ seed }: PcGradOptions): LossBalance {
  return {
    async weigh(losses, batch, gradientProducts) {
      const parts = partsOfBatch(losses, batch);
      const products = await gradientProducts(parts.map(({ examples }) => {
        const own = new Array<number>(losses.length).fill(0);
        // Its part of the batch's mean loss.
        for (const i of examples) own[i] = 1 / losses.length;
        return own;
      }));
      const rng = createRng(seed, `train/pcgrad/${batch.index}`);
      const orders = parts.map((_, i) =>
        shuffled(parts.flatMap((_, j) => j === i ? [] : [j]), rng)
      );
      return spread(parts, pcGradFactors(products, orders));
    },
    // The orders follow from the batch.
    state: () => ({}),
    restore: () => {},
  };
}

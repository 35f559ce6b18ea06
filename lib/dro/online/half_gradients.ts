import type { GradientMeasure } from "./online_mixture.ts";

/** Measures the gradient of each batch of a training. */
export interface HalfGradients {
  /**
   * Goes into `train()`; the update is what it would be without.
   *
   * @param losses Losses of a batch's examples, shape `[B]`, B ≥ 2.
   * @param batch The batch.
   * @param gradientProducts Gives the inner products of gradients of weighted losses.
   * @returns 1/B for each example.
   */
  weigh(
    losses: ArrayLike<number>,
    batch: unknown,
    gradientProducts: (
      weights: readonly (readonly number[])[],
    ) => Promise<number[][]>,
  ): Promise<number[]>;
  /** What the last batch showed; `undefined` before the first. */
  last(): GradientMeasure | undefined;
}

/**
 * Splits each batch into two halves, whose gradients tell how much of the batch's
 * gradient is signal: with g₁ and g₂ the gradients of their mean losses, ⟨g₁, g₂⟩
 * estimates ‖∇L‖², and ‖g₁ − g₂‖² / (B (1/B₁ + 1/B₂)) the variance σ²/B, both without
 * bias if examples are independent. Costs two backward passes a batch.
 *
 * @returns What `train()` takes, and what was measured.
 *
 * @example Usage
 * ```ts
 * import { halfGradients } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const { weigh, last } = halfGradients();
 * // Gradients [3, 0] and [1, 0].
 * const products = () => Promise.resolve([[9, 3], [3, 1]]);
 * await weigh([1, 1], undefined, products);
 * assert.deepEqual(last(), { signal: 3, noise: 1 });
 * ```
 */
export function halfGradients(): HalfGradients {
  let measure: GradientMeasure | undefined;
  return {
    async weigh(losses, _, gradientProducts) {
      const B = losses.length;
      const sizes = [Math.ceil(B / 2), Math.floor(B / 2)] as const;
      if (sizes[1] === 0) {
        throw new RangeError(
          "Cannot measure gradients: a batch must have at least 2 examples: got 1; raise the batch size",
        );
      }
      const half = (which: 0 | 1) =>
        Array.from(losses, (_, i) => i % 2 === which ? 1 / sizes[which] : 0);
      const [[a, both], [, b]] = await gradientProducts([half(0), half(1)]) as [
        [number, number],
        [number, number],
      ];
      measure = {
        signal: both,
        noise: (a + b - 2 * both) / (B * (1 / sizes[0] + 1 / sizes[1])),
      };
      return Array.from(losses, () => 1 / B);
    },
    last: () => measure,
  };
}

import { affordable } from "./affordable.ts";
import { checkFinite, relative } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";

/** Options for {@linkcode dogeStep}. */
export interface DogeStepOptions {
  /** Step size on the log-weights, finite, ≥ 0, no unit. */
  eta: number;
  /**
   * Domain ids of the tasks that the mixture is to serve, at least one.
   * @default {all}
   */
  targets?: readonly number[];
}

/**
 * One step of DoGE (Fan et al. 2023, arXiv 2310.15393): a task's weight grows
 * with the inner product of its gradient and the sum of the targets'
 * gradients, by exponentiated-gradient (mirror) ascent. A step on a task whose
 * product is large lowers the targets' losses most.
 *
 * The products are divided by the largest absolute one, which stands in for
 * the paper's learning rate over μ: then eta means the same at any loss scale.
 *
 * @param weights Domain weights, shape `[K]`, ≥ 0; a 0 stays 0.
 * @param products Inner products of the tasks' gradients, shape `[K][K]`.
 * @param options Step size, and the targets.
 * @returns New weights, shape `[K]`, sum 1.
 * @throws {RangeError} If shapes don't fit or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { dogeStep } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // Gradients (1, 0), (1, 1), (−1, 0): a step on task 1 helps most.
 * const products = [[1, 1, -1], [1, 2, -1], [-1, -1, 1]];
 * const next = dogeStep([1 / 3, 1 / 3, 1 / 3], products, { eta: 1 });
 * assert.ok(next[1]! > next[0]! && next[0]! > next[2]!);
 * ```
 */
export function dogeStep(
  weights: readonly number[],
  products: readonly (readonly number[])[],
  { eta, targets = weights.map((_, k) => k) }: DogeStepOptions,
): number[] {
  if (!(eta >= 0 && eta < Infinity)) {
    fail(`eta must be finite and >= 0: got ${eta}`);
  }
  if (
    products.length !== weights.length ||
    products.some((row) => row.length !== weights.length)
  ) {
    fail(
      `products must be a square of the ${weights.length} tasks: got ${products.length} rows`,
    );
  }
  const bad = targets.find((k) => !(k in weights));
  if (targets.length === 0 || bad !== undefined) {
    fail(`targets must be domain ids below ${weights.length}: got ${bad}`);
  }
  checkFinite(products.flat(), "products");
  const aligned = relative(
    products.map((row) => targets.reduce((sum, k) => sum + row[k]!, 0)),
  );
  const grown = weights.map((w, k) => w * Math.exp(eta * aligned[k]!));
  const total = grown.reduce((a, b) => a + b, 0);
  if (!(total > 0 && total < Infinity)) {
    fail("weights must be finite and >= 0, and not all 0");
  }
  return grown.map((g) => g / total);
}

/** Sum of eta over all steps: log-weights travel this far at most. */
const PATH = 5;

/**
 * DoGE: a proxy trains on the mixture while {@linkcode dogeStep} moves it; the
 * result is the mean of the weights over all steps, as in the paper. Ours:
 * every task is a target, eta = 5 / steps, gradients come from one batch of
 * each task, and the proxy then trains on one batch drawn by the new weights
 * (the paper sums the tasks' gradients by their weights).
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { doge } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(doge().source, /2310\.15393/);
 * ```
 */
export function doge(): Strategy {
  return {
    name: "doge",
    source: "DoGE (Fan et al. 2023, arXiv 2310.15393, algorithm 1)",
    formula: "a ← a · exp(eta · ⟨∇l, Σ ∇l⟩ / max|⟨∇l, Σ ∇l⟩|) / Z; mean of a",
    cost: "N: K + 1 for each of its steps",
    failsWhen:
      "batches are small, so that the products are mostly noise, or a task has long gradients and aligns with itself alone",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const steps = affordable(context, {
        strategy: "doge",
        unit: "a step",
        each: costs.gradients + 1,
      });
      let weights = names.map(() => 1 / names.length);
      let mean = names.map(() => 0);
      const proxy = await context.proxy(steps);
      try {
        for (let step = 0; step < steps; step++) {
          const products = await proxy.gradientProducts();
          weights = dogeStep(weights, products, { eta: PATH / steps });
          mean = mean.map((m, k) => m + weights[k]! / steps);
          await proxy.train(weights, 1);
          const top = weights.indexOf(Math.max(...weights));
          yield {
            done: context.spent(),
            total: proxySteps,
            note: `most: ${names[top]} ${weights[top]!.toFixed(3)}`,
          };
        }
      } finally {
        proxy.dispose();
      }
      const total = mean.reduce((a, b) => a + b, 0);
      return mean.map((m) => m / total);
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step weights by DoGE: ${reason}`);
}

import { shuffled } from "../../base/shuffled.ts";
import { derived, trainedAs } from "./derived.ts";
import type { Strategy } from "./strategy.ts";

/**
 * A control: learns weights as another strategy does, and deals them to the tasks by
 * lot. What the other gains over this is due to which task has which weight, and not to
 * how uneven the weights are.
 *
 * @param of The strategy that learns the weights.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { manualMixture, permuted, type StrategyContext } from "@tdro/tdro/dro";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const context = { sizes: [9, 9, 9], rng: () => createRng(1, "lot") };
 * const { value } = await permuted(manualMixture([3, 2, 1]))
 *   .learn(context as unknown as StrategyContext).next();
 * const sorted = [...value as number[]].sort();
 * assert.deepEqual(sorted.map((w) => Math.round(6 * w)), [1, 2, 3]);
 * ```
 */
export function permuted(of: Strategy): Strategy {
  if (of.online) {
    throw new RangeError(
      `Cannot deal the weights of ${of.name} by lot: they change while a retriever trains; name another strategy`,
    );
  }
  return {
    name: `${of.name}-permuted`,
    formula: `dealt to the tasks by lot: ${of.formula}`,
    source: `a control for ${of.source}`,
    cost: of.cost,
    ...trainedAs(of),
    drawn: true,
    failsWhen:
      "it is read as a method: it is the chance that methods must beat",
    ...derived({
      of,
      change: (weights, context) => shuffled(weights, context.rng("permuted")),
    }),
  };
}

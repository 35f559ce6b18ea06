import { selectTop } from "../select_top.ts";
import { derived, trainedAs } from "./derived.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Trains on the tasks alone that another strategy gives the largest weights, each
 * alike: tDRO's dataset selection, on any strategy. It costs what the other costs.
 *
 * @param of The strategy that weighs the tasks.
 * @param percent Share of the tasks to keep, in (0, 100].
 * @returns The strategy; it throws if no task is left.
 *
 * @example Usage
 * ```ts
 * import { proportionalMixture, type StrategyContext, topOf } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const learn = topOf(proportionalMixture(), 50)
 *   .learn({ sizes: [10, 30, 20, 5] } as unknown as StrategyContext);
 * assert.deepEqual((await learn.next()).value, [0, 0.5, 0.5, 0]);
 * ```
 */
export function topOf(of: Strategy, percent: number): Strategy {
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(
      `Cannot select tasks: percent must be in (0, 100]: got ${percent}`,
    );
  }
  if (of.online) {
    throw new RangeError(
      `Cannot select tasks by ${of.name}: its weights change while a retriever trains; name another strategy`,
    );
  }
  const name = `${of.name}-top-${percent}`;
  return {
    name,
    source:
      `${of.source}; selection of tasks: Ma et al. 2025 (arXiv 2408.10613)`,
    formula: `1 / m for the m = ⌊${percent} % of K⌋ heaviest of: ${of.formula}`,
    cost: of.cost,
    ...trainedAs(of),
    failsWhen:
      `a task that is left out has something to teach that no other has; and when ${of.failsWhen}`,
    ...derived({
      of,
      change(weights) {
        const kept = new Set(selectTop(weights, percent));
        if (kept.size === 0) {
          throw new RangeError(
            `Cannot learn weights by ${name}: ${percent} % of ${weights.length} tasks is not one task; keep more`,
          );
        }
        return weights.map((_, k) => kept.has(k) ? 1 / kept.size : 0);
      },
    }),
  };
}

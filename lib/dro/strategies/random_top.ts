import { shuffled } from "../../base/shuffled.ts";
import type { Strategy } from "./strategy.ts";

/**
 * A control: trains on some of the tasks, drawn by lot with the seed, each alike. What
 * a selection of tasks gains over this is due to which tasks were selected.
 *
 * @param percent Share of the tasks to keep, in (0, 100].
 * @returns The strategy; it throws if no task is left.
 *
 * @example Usage
 * ```ts
 * import { randomTop } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(randomTop(70).name, "random-70");
 * ```
 */
export function randomTop(percent: number): Strategy {
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(
      `Cannot draw tasks: percent must be in (0, 100]: got ${percent}`,
    );
  }
  return {
    name: `random-${percent}`,
    formula: `1 / m for m = ⌊${percent} % of K⌋ tasks by lot`,
    source: "a control for selections of tasks",
    cost: "0",
    drawn: true,
    failsWhen:
      "it is read as a method: it is the chance that methods must beat",
    // deno-lint-ignore require-yield
    async *learn({ sizes, rng }) {
      const kept = Math.floor(sizes.length * percent / 100 + 1e-9);
      if (kept === 0) {
        throw new RangeError(
          `Cannot draw tasks: ${percent} % of ${sizes.length} tasks is not one task; keep more`,
        );
      }
      const order = shuffled(sizes.map((_, k) => k), rng("random-top"));
      const chosen = new Set(order.slice(0, kept));
      return await Promise.resolve(
        sizes.map((_, k) => chosen.has(k) ? 1 / kept : 0),
      );
    },
  };
}

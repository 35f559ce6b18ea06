import { drawTask } from "./draw_task.ts";

/**
 * Tasks for the rows of one batch, each as often as its share says: `count` points at
 * the same distance from each other are laid over the shares, from one draw on
 * (systematic sampling). A task of share w gets ⌊count · w⌋ or ⌈count · w⌉ rows, and
 * count · w in the mean. Independent draws have the same mean, and give a task none or
 * several where this gives it one.
 *
 * @param shares Running sums from `cumulativeShares()`, shape `[K]`.
 * @param count Rows of the batch, an integer ≥ 1.
 * @param uniform A draw in [0, 1).
 * @returns Domain ids, not falling, shape `[count]`.
 *
 * @example Usage
 * ```ts
 * import { cumulativeShares, stratifiedTasks } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const shares = cumulativeShares([1, 1, 2]);
 * assert.deepEqual(stratifiedTasks(shares, 4, 0.3), [0, 1, 2, 2]);
 * ```
 */
export function stratifiedTasks(
  shares: readonly number[],
  count: number,
  uniform: number,
): number[] {
  return Array.from(
    { length: count },
    // Rounding may bring the last point to 1.
    (_, i) => drawTask(shares, Math.min((i + uniform) / count, 1 - 2 ** -53)),
  );
}

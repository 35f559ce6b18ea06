import type { RandomSource } from "./random_source.ts";

/**
 * The items in random order, each order equally likely (Fisher–Yates).
 *
 * @param items The items; not changed.
 * @param rng Generator; moved on by `items.length − 1` draws.
 * @returns A new array.
 *
 * @example Usage
 * ```ts
 * import { createRng, shuffled } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const order = shuffled([0, 1, 2, 3], createRng(1, "rows"));
 * assert.deepEqual(order.toSorted(), [0, 1, 2, 3]);
 * assert.deepEqual(order, shuffled([0, 1, 2, 3], createRng(1, "rows")));
 * ```
 */
export function shuffled<T>(
  items: readonly T[],
  rng: Pick<RandomSource, "int">,
): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const pick = rng.int(last + 1);
    [result[last], result[pick]] = [result[pick]!, result[last]!];
  }
  return result;
}

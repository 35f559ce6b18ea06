import { compareCodePoints } from "../../base/compare_code_points.ts";

/**
 * Ranks the passages of one query as trec_eval does: score as float32,
 * descending; at equal scores the id that is larger by code points first.
 * Doubles that round to the same float32 tie. The order in which the map was
 * filled plays no part.
 *
 * @param scores Passage id → score, none of them NaN.
 * @returns Passage ids, best first.
 * @throws {RangeError} If a score is NaN.
 *
 * @example Usage
 * ```ts
 * import { rankPassages } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * const scores = new Map([["a", 0.5], ["b", 0.5], ["c", 0.9]]);
 * assert.deepEqual(rankPassages(scores), ["c", "b", "a"]);
 * ```
 */
export function rankPassages(scores: ReadonlyMap<string, number>): string[] {
  const ids = [...scores.keys()];
  const values = new Float32Array(ids.length);
  let row = 0;
  let sorted = true;
  for (const score of scores.values()) {
    const value = Math.fround(score);
    if (value !== value) {
      throw new RangeError(
        `Cannot rank passages: the score of passage "${
          ids[row]
        }" must be a number: got ${score}`,
      );
    }
    values[row] = value;
    if (row > 0) {
      const before = values[row - 1]!;
      sorted &&= before > value ||
        (before === value && compareCodePoints(ids[row - 1]!, ids[row]!) > 0);
    }
    row++;
  }
  // Runs mostly come out of a search already in this order.
  if (sorted) return ids;
  const order = Array.from(ids, (_, i) => i);
  order.sort((x, y) => {
    const a = values[x]!;
    const b = values[y]!;
    // Not a difference: two infinities would give NaN.
    return a > b ? -1 : a < b ? 1 : compareCodePoints(ids[y]!, ids[x]!);
  });
  return order.map((i) => ids[i]!);
}

/**
 * Compares two ids by code point, the order of their UTF-8 bytes. JavaScript's
 * own `<` compares UTF-16 units, which puts `"\u{1F600}"` before `"\uFF5E"`.
 *
 * @param a One id.
 * @param b Another id.
 * @returns Less than 0 if `a` comes first, more than 0 if `b` does, 0 if they
 * are the same string.
 *
 * @example Usage
 * ```ts
 * import { compareIds } from "@tdro/tdro/search";
 * import assert from "node:assert/strict";
 *
 * assert(compareIds("d10", "d9") < 0);
 * assert(compareIds("\u{1F600}", "\uFF5E") > 0);
 * ```
 */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointOrder(x) - codePointOrder(y);
  }
  return a.length - b.length;
}

/**
 * Moves the surrogates (U+D800..U+DFFF), which stand for the code points above
 * U+FFFF, behind all other units; then unit order is code-point order.
 */
function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * Ranks the passages of one query as trec_eval does: score as float32,
 * descending; at equal scores the larger id (by {@linkcode compareIds}) first.
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
        (before === value && compareIds(ids[row - 1]!, ids[row]!) > 0);
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
    return a > b ? -1 : a < b ? 1 : compareIds(ids[y]!, ids[x]!);
  });
  return order.map((i) => ids[i]!);
}

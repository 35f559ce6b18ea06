import type { Batch } from "./types.ts";

/**
 * Marks the passages of a batch that must not count as negatives of a query,
 * because they are relevant to it as well. Column `j = r * N + c` is passage
 * `c` of row `r`; row `i` has its label in column `i * N`. The cell `[i, j]` is
 * 1 where `j` isn't that label column and its passage either
 *
 * - is a known positive of query `i`: same domain, and id in `positiveIds`; or
 * - has the same text, but for surrounding white space, as the label passage
 *   of row `i` (of whatever domain or id).
 *
 * The reference implementation has no such mask (spec section 6.1); an
 * in-batch loss that uses it leaves the marked cells out of the softmax.
 *
 * @param batch A batch with B rows of N passages each.
 * @returns Shape `[B, B * N]`, row-major; 1 to leave out, 0 to keep.
 * @throws {RangeError} If rows have no passages or different numbers of them.
 *
 * @example Usage
 * ```ts
 * import { type Batch, falseNegativeMask } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * const row = (id: string, passage: string) => ({
 *   domain: 0,
 *   row: 0,
 *   query: { id, text: id },
 *   queryText: id,
 *   passages: [{ id: passage, text: passage }],
 *   passageTexts: [passage],
 *   positiveIds: new Set([passage]),
 * });
 * // Queries a and b share their positive; c has another one.
 * const examples = [row("a", "p"), row("b", "p"), row("c", "q")];
 * const mask = falseNegativeMask({ examples });
 * assert.deepEqual([...mask], [0, 1, 0, 1, 0, 0, 0, 0, 0]);
 * ```
 */
export function falseNegativeMask(
  batch: Pick<Batch, "examples">,
): Uint8Array<ArrayBuffer> {
  const { examples } = batch;
  const perRow = examples[0]?.passages.length ?? 0;
  const columns = examples.length * perRow;
  const byId = new Map<number, Map<string, number[]>>();
  const byText = new Map<string, number[]>();
  examples.forEach(({ domain, passages, passageTexts }, row) => {
    if (
      perRow === 0 || passages.length !== perRow ||
      passageTexts.length !== perRow
    ) {
      throw new RangeError(
        `Cannot mask false negatives: row ${row} must have as many passages as row 0, at least 1: got ${passages.length} passages and ${passageTexts.length} texts, row 0 has ${perRow}`,
      );
    }
    const ids = entry(byId, domain, () => new Map<string, number[]>());
    passages.forEach((passage, c) => {
      const column = row * perRow + c;
      entry(ids, passage.id, () => []).push(column);
      entry(byText, passageTexts[c]!.trim(), () => []).push(column);
    });
  });
  const mask = new Uint8Array(examples.length * columns);
  examples.forEach(({ domain, positiveIds, passageTexts }, i) => {
    const at = i * columns;
    for (const id of positiveIds) {
      for (const j of byId.get(domain)!.get(id) ?? []) mask[at + j] = 1;
    }
    for (const j of byText.get(passageTexts[0]!.trim())!) mask[at + j] = 1;
    mask[at + i * perRow] = 0;
  });
  return mask;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

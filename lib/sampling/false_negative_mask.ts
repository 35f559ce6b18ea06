import { columnsOfRow } from "../base/shared_columns.ts";
import { falseNegatives } from "./false_negatives.ts";
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
  const leftOut = falseNegatives(batch);
  const perRow = examples[0]?.passages.length ?? 0;
  const columns = examples.length * perRow;
  const mask = new Uint8Array(examples.length * columns);
  for (let row = 0; row < examples.length; row++) {
    const at = row * columns;
    columnsOfRow(leftOut, { row, from: 0, to: columns }, (column) => {
      mask[at + column] = 1;
    });
    mask[at + row * perRow] = 0;
  }
  return mask;
}

import { type SharedColumns, sharedColumns } from "../base/shared_columns.ts";
import type { Batch } from "./types.ts";

/** Options for {@linkcode falseNegatives}. */
export interface FalseNegativesOptions {
  /** Leave out what {@linkcode falseNegativeMask} marks. @default {true} */
  known?: boolean;
  /** Leave out the passages of other tasks. @default {false} */
  otherTasks?: boolean;
}

/**
 * What {@linkcode falseNegativeMask} marks, as lists of columns that rows share:
 * memory grows with the batch, not with its square. The lists of row i may hold its
 * own label column, i·N, which is never left out.
 *
 * @param batch A batch with B rows of N passages each.
 * @param options Which passages are left out.
 * @returns Columns to leave out of each row.
 * @throws {RangeError} If rows have no passages or different numbers of them.
 */
export function falseNegatives(
  { examples }: Pick<Batch, "examples">,
  { known = true, otherTasks = false }: FalseNegativesOptions = {},
): SharedColumns {
  const perRow = examples[0]?.passages.length ?? 0;
  const elsewhere = new Map<number, number[]>();
  if (otherTasks) {
    for (const { domain } of examples) {
      entry(elsewhere, domain, () => columnsElsewhere(examples, domain));
    }
  }
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
  const lists: number[][] = [];
  const numbers = new Map<number[], number>();
  const rows = examples.map(({ domain, positiveIds, passageTexts }, i) => {
    const own = new Set<number>();
    const leaveOut = (list: number[] | undefined) => {
      // Most positives are in the batch once, as this row's label.
      if (!list || list.length === 1 && list[0] === i * perRow) return;
      own.add(entry(numbers, list, () => lists.push(list) - 1));
    };
    if (known) {
      for (const id of positiveIds) leaveOut(byId.get(domain)!.get(id));
      leaveOut(byText.get(passageTexts[0]!.trim()));
    }
    if (otherTasks) leaveOut(elsewhere.get(domain));
    return [...own];
  });
  return sharedColumns(lists, rows);
}

/** Columns of all rows that aren't of a task. */
function columnsElsewhere(
  examples: Batch["examples"],
  task: number,
): number[] {
  const perRow = examples[0]?.passages.length ?? 0;
  return examples.flatMap(({ domain }, row) =>
    domain === task
      ? []
      : Array.from({ length: perRow }, (_, c) => row * perRow + c)
  );
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

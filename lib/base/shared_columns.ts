/**
 * Columns of each row of a matrix, e.g. those to leave out, as lists that several
 * rows may share: hundreds of queries with the same answer cost one list, where a
 * mask would cost a number for each row and column.
 */
export interface SharedColumns {
  /**
   * The lists of row i are numbers `rowStarts[i]` to `rowStarts[i + 1] - 1` of
   * `rowLists`. Shape `[rows + 1]`.
   */
  rowStarts: Int32Array<ArrayBuffer>;
  /** Lists of one row after the other. */
  rowLists: Int32Array<ArrayBuffer>;
  /** List l is `columns[listStarts[l]]` to `columns[listStarts[l + 1] - 1]`. */
  listStarts: Int32Array<ArrayBuffer>;
  /** Columns of one list after the other, rising within each. */
  columns: Int32Array<ArrayBuffer>;
}

/** Packs lists of columns, and which of them each row has. */
export function sharedColumns(
  lists: readonly (readonly number[])[],
  rows: readonly (readonly number[])[],
): SharedColumns {
  return {
    rowStarts: starts(rows),
    rowLists: joined(rows),
    listStarts: starts(lists),
    columns: joined(lists),
  };
}

/** The columns of each row that a mask, row by row, marks with 1. */
export function listedColumns(mask: Uint8Array, rows: number): SharedColumns {
  const width = mask.length / rows;
  const lists = Array.from({ length: rows }, (_, row) => {
    const list: number[] = [];
    for (let c = 0; c < width; c++) if (mask[row * width + c]) list.push(c);
    return list;
  });
  return sharedColumns(
    lists,
    lists.map((list, row) => list.length ? [row] : []),
  );
}

/**
 * Calls `visit` with each column of a row in `[from, to)`; one that is in several
 * of the row's lists comes several times.
 */
export function columnsOfRow(
  { rowStarts, rowLists, listStarts, columns }: SharedColumns,
  { row, from, to }: { row: number; from: number; to: number },
  visit: (column: number) => void,
): void {
  for (let l = rowStarts[row]!; l < rowStarts[row + 1]!; l++) {
    const end = listStarts[rowLists[l]! + 1]!;
    let at = firstFrom(columns, [listStarts[rowLists[l]!]!, end], from);
    for (; at < end && columns[at]! < to; at++) visit(columns[at]!);
  }
}

/** Place of the first column of at least `least` in a list. */
function firstFrom(
  columns: Int32Array,
  [low, high]: [number, number],
  least: number,
): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (columns[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function starts(lists: readonly (readonly number[])[]) {
  const starts = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => starts[i + 1] = starts[i]! + list.length);
  return starts;
}

function joined(lists: readonly (readonly number[])[]) {
  return Int32Array.from(lists.flat());
}

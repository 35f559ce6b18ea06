/**
 * Ids in the order of their lots, those of equal lots as they were: a draw without a
 * seed, in which a larger sample holds a smaller one.
 */
export function byLot(
  ids: readonly string[],
  lot: (id: string) => number,
): string[] {
  return ids.map((id) => ({ id, lot: lot(id) }))
    .sort((a, b) => a.lot - b.lot)
    .map(({ id }) => id);
}

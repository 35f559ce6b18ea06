/** All keys of some rows, in the order in which they turn up. */
export function columnsOf(
  rows: Iterable<Record<string, unknown>>,
): string[] {
  const columns = new Set<string>();
  for (const row of rows) {
    for (const key of Object.keys(row)) columns.add(key);
  }
  return [...columns];
}

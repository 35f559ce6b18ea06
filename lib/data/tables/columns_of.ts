/** All keys of some rows, in the order in which they turn up. */
export function columnsOf(
  rows: readonly Record<string, unknown>[],
): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

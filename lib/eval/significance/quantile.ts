/**
 * Quantile of sorted numbers, linear between neighbours.
 *
 * @param sorted Numbers in ascending order, at least one.
 * @param p Which one, in [0, 1]; NaN gives NaN.
 */
export function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  if (Number.isNaN(at)) return NaN;
  const low = Math.floor(at);
  const a = sorted[low]!;
  return a + (at - low) * ((sorted[low + 1] ?? a) - a);
}

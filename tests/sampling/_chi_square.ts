/**
 * Pearson's statistic of counts against shares. The tests run at fixed seeds,
 * so they either pass or fail for good; the bound is the 99.9 % quantile by
 * the Wilson–Hilferty approximation (within 1 % for 2 or more degrees of
 * freedom), which a right generator exceeds at one seed in a thousand.
 */
export function fits(
  counts: readonly number[],
  shares: readonly number[],
): { statistic: number; bound: number } {
  const total = counts.reduce((a, b) => a + b, 0);
  const sum = shares.reduce((a, b) => a + b, 0);
  let statistic = 0;
  let cells = 0;
  counts.forEach((count, k) => {
    const expected = total * shares[k]! / sum;
    if (expected === 0) {
      if (count > 0) statistic = Infinity;
      return;
    }
    statistic += (count - expected) ** 2 / expected;
    cells++;
  });
  const degrees = cells - 1;
  const z = 3.0902; // 99.9 % of the normal distribution
  const part = 2 / (9 * degrees);
  return { statistic, bound: degrees * (1 - part + z * Math.sqrt(part)) ** 3 };
}

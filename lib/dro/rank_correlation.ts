/**
 * Spearman's rank correlation of two lists, in [−1, 1]. Equal values share their mean
 * rank. Two constant lists count 1, of which only one is constant 0.
 *
 * @param a Values, shape `[K]`.
 * @param b Values, shape `[K]`.
 */
export function rankCorrelation(
  a: readonly number[],
  b: readonly number[],
): number {
  const [x, y] = [ranks(a), ranks(b)];
  // Ranks from 0 have this mean, ties or not.
  const mean = (a.length - 1) / 2;
  let product = 0, squareX = 0, squareY = 0;
  for (let k = 0; k < x.length; k++) {
    const dx = x[k]! - mean, dy = y[k]! - mean;
    product += dx * dy;
    squareX += dx * dx;
    squareY += dy * dy;
  }
  if (squareX === 0 || squareY === 0) return squareX === squareY ? 1 : 0;
  return product / Math.sqrt(squareX * squareY);
}

/** Rank of each value from 0, lowest first; equal ones share the mean. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const same = values.filter((other) => other === value).length;
    return below + (same - 1) / 2;
  });
}

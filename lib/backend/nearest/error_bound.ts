/** How far the products of a first look may be off. */
export interface ScoreError {
  /** Largest length of a row. */
  norm: number;
  /** How far the rounding of a row moved it, at most. */
  moved: number;
  /** Error of a sum, relative to the product of the lengths. */
  sum: number;
}

/**
 * How far a product can be off, but for the rounding of the result: what the
 * query's rounding moves it, what the row's does, and the sum's own. Infinite
 * where squares would leave float32, so that nothing is left out.
 */
export function errorBound(
  { norm, moved, sum }: ScoreError,
  length: number,
  queryMoved: number,
): number {
  const sane = (x: number) => x === 0 || x > 1e-15 && x < 1e15;
  if (!sane(length) || !sane(norm)) return Infinity;
  // The lengths are rounded themselves: 1 % is more than enough.
  return 1.01 * (queryMoved * norm + (length + queryMoved) * moved +
    sum * length * norm);
}

/** Length of `count` numbers from `from` on. */
export function lengthOf(
  data: ArrayLike<number>,
  from: number,
  count: number,
): number {
  let square = 0;
  for (let i = from; i < from + count; i++) square += data[i]! * data[i]!;
  return Math.sqrt(square);
}

/**
 * The power of two that makes a length 2^14 to 2^15; 1 for short ones, whose
 * scores might be too small for a float. From 1e18 on it is too large: such
 * vectors are searched without regard to their scores (see {@linkcode errorBound}).
 */
export function scaleFor(length: number): number {
  if (length < 1e-6) return 1;
  return 2 ** (14 - Math.floor(Math.log2(Math.min(length, 1e18))));
}

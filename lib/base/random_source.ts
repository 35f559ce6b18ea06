/**
 * A source of random numbers: what `createRng()` makes, or anything of its form.
 * Seed it for results that repeat.
 */
export interface RandomSource {
  /** A float64 in [0, 1). */
  next(): number;
  /** An integer in [0, n), each equally likely. */
  int(n: number): number;
}

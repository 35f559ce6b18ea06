/** Which difference counts as extreme: of either sign, a > b, or a < b. */
export type Alternative = "two-sided" | "greater" | "less";

/** a - b; throws a RangeError that begins with `cannot` where it makes no sense. */
export function differences(
  a: readonly number[],
  b: readonly number[],
  cannot: string,
): number[] {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `${cannot}: a and b must hold a value for each of the same queries: got ${a.length} and ${b.length} values`,
    );
  }
  return a.map((x, i) => {
    const difference = x - b[i]!;
    if (!Number.isFinite(difference)) {
      throw new RangeError(
        `${cannot}: values must be finite: got ${x} and ${b[i]} at ${i}`,
      );
    }
    return difference;
  });
}

/** Throws a RangeError unless the level is between 0 and 1. */
export function checkLevel(level: number, cannot: string): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(
      `${cannot}: level must be between 0 and 1: got ${level}`,
    );
  }
}

/** Throws a RangeError unless there is at least one resample. */
export function checkResamples(resamples: number, cannot: string): void {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(
      `${cannot}: resamples must be an integer of at least 1: got ${resamples}`,
    );
  }
}

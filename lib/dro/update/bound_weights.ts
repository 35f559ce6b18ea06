/**
 * The weights in [floor, cap] that are closest to the given ones (least
 * KL(result ‖ weights)) and sum to 1: all are multiplied by one number, and
 * those that this puts outside stop at the bound. A weight of 0 stays 0, and
 * counts neither for floor nor for cap.
 *
 * Found as CSS finds the sizes of flexible boxes: scale the free weights to
 * fill what the bounded ones leave, then fix those beyond a bound on the side
 * where the excess is larger, and repeat; each round fixes at least one.
 */
export function boundWeights(
  weights: readonly number[],
  floor: number,
  cap: number,
): number[] {
  const result = [...weights];
  let free = weights.flatMap((weight, k) => weight > 0 ? [k] : []);
  let left = 1;
  while (free.length > 0) {
    const total = free.reduce((sum, k) => sum + weights[k]!, 0);
    let excess = 0;
    for (const k of free) {
      result[k] = weights[k]! / total * left;
      excess += clamp(result[k]!, floor, cap) - result[k]!;
    }
    const beyond = free.filter((k) =>
      excess > 0
        ? result[k]! < floor
        : excess < 0
        ? result[k]! > cap
        : result[k]! < floor || result[k]! > cap
    );
    if (beyond.length === 0) break;
    for (const k of beyond) {
      result[k] = clamp(result[k]!, floor, cap);
      left -= result[k]!;
    }
    const fixed = new Set(beyond);
    free = free.filter((k) => !fixed.has(k));
  }
  return result;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** A linear map with an intercept. */
export interface LinearMap {
  /** Slope of each feature, shape `[F]`. */
  slopes: number[];
  /** Value where all features are 0. */
  intercept: number;
}

/**
 * Ridge regression: minimises mean (y − b·x − c)² + lambda · |b|², the
 * intercept c left free; with weights, their mean.
 *
 * @param x Features of each observation, shape `[n][F]`.
 * @param y Observed values, shape `[n]`.
 * @param lambda Strength, > 0 (mixtures sum to 1, so without it slopes aren't
 * unique).
 * @param weights How much each observation counts, shape `[n]`, > 0; absent: all alike.
 */
export function ridge(
  x: readonly (readonly number[])[],
  y: readonly number[],
  lambda: number,
  weights: readonly number[] = y.map(() => 1),
): LinearMap {
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = (of: (row: number) => number) =>
    weights.reduce((sum, weight, r) => sum + weight * of(r), 0) / total;
  const center = x[0]!.map((_, j) => mean((r) => x[r]![j]!));
  const middle = mean((r) => y[r]!);
  const moments = center.map((_, i) =>
    center.map((_, j) =>
      mean((r) => (x[r]![i]! - center[i]!) * (x[r]![j]! - center[j]!)) +
      (i === j ? lambda : 0)
    )
  );
  const target = center.map((c, j) =>
    mean((r) => (x[r]![j]! - c) * (y[r]! - middle))
  );
  const slopes = solve(moments, target);
  return {
    slopes,
    intercept: middle - slopes.reduce((sum, b, j) => sum + b * center[j]!, 0),
  };
}

/** Solves a·z = b for a symmetric positive definite a, by Cholesky. */
export function solve(
  a: readonly (readonly number[])[],
  b: readonly number[],
): number[] {
  const size = b.length;
  const l = a.map((row) => row.map(() => 0));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let m = 0; m < j; m++) sum -= l[i]![m]! * l[j]![m]!;
      l[i]![j] = i === j ? Math.sqrt(sum) : sum / l[j]![j]!;
    }
  }
  const z = [...b];
  for (let i = 0; i < size; i++) {
    for (let m = 0; m < i; m++) z[i]! -= l[i]![m]! * z[m]!;
    z[i]! /= l[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let m = i + 1; m < size; m++) z[i]! -= l[m]![i]! * z[m]!;
    z[i]! /= l[i]![i]!;
  }
  return z;
}

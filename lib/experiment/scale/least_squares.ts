/** A fit of three terms by numbers that aren't negative. */
export interface NonNegativeFit {
  /** Factor of each column. */
  factors: [number, number, number];
  /** Sum of the squared residuals. */
  residual: number;
}

/**
 * Least squares with factors that must not be negative, of three columns: the best of
 * the fits that leave some of them out, which is exact (Karush, Kuhn and Tucker) and
 * cheap for so few.
 *
 * @param columns Three columns of one length.
 * @param values What they shall add up to.
 */
export function nonNegativeLeastSquares(
  columns: readonly [
    readonly number[],
    readonly number[],
    readonly number[],
  ],
  values: readonly number[],
): NonNegativeFit {
  const all = values.reduce((sum, value) => sum + value * value, 0);
  let best: NonNegativeFit = { factors: [0, 0, 0], residual: all };
  for (let subset = 1; subset < 8; subset++) {
    const chosen = [0, 1, 2].filter((i) => subset & (1 << i));
    const solved = solve(chosen.map((i) => columns[i]!), values);
    if (!solved || solved.some((factor) => !(factor >= 0))) continue;
    const factors: [number, number, number] = [0, 0, 0];
    chosen.forEach((i, k) => factors[i] = solved[k]!);
    const residual = values.reduce((sum, value, row) => {
      const fitted = factors.reduce(
        (total, factor, i) => total + factor * columns[i]![row]!,
        0,
      );
      return sum + (value - fitted) ** 2;
    }, 0);
    if (residual < best.residual) best = { factors, residual };
  }
  return best;
}

/** Plain least squares by the QR decomposition (modified Gram and Schmidt). */
function solve(
  columns: readonly (readonly number[])[],
  values: readonly number[],
): number[] | undefined {
  const rest = [...values];
  const bases: number[][] = [];
  const upper: number[][] = [];
  const projected: number[] = [];
  for (const column of columns) {
    const q = [...column];
    const row: number[] = [];
    for (const base of bases) {
      const share = dot(base, q);
      row.push(share);
      base.forEach((value, i) => q[i]! -= share * value);
    }
    const length = Math.sqrt(dot(q, q));
    // A column that the others make up already has a fit of its own without it.
    if (!(length > 1e-10 * Math.sqrt(dot(column, column)))) return;
    const unit = q.map((value) => value / length);
    upper.push([...row, length]);
    bases.push(unit);
    const share = dot(unit, rest);
    projected.push(share);
    unit.forEach((value, i) => rest[i]! -= share * value);
  }
  const factors = new Array<number>(columns.length).fill(0);
  for (let i = columns.length - 1; i >= 0; i--) {
    let value = projected[i]!;
    for (let j = i + 1; j < columns.length; j++) {
      value -= upper[j]![i]! * factors[j]!;
    }
    factors[i] = value / upper[i]![i]!;
  }
  return factors;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

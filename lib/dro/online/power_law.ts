/** A loss that falls with the amount of data: floor + factor / n^exponent. */
export interface PowerLaw {
  /** What is left of the loss with endless data, ≥ 0. */
  floor: number;
  /** How much can be learned, ≥ 0, in the loss's unit at n = 1. */
  factor: number;
  /** How fast it is learned, > 0. */
  exponent: number;
}

/** How much was seen, and the loss then. */
export interface LearningPoint {
  /** Amount of data, in any unit, > 0. */
  seen: number;
  /** Loss, finite, ≥ 0. */
  loss: number;
}

/** The exponents that are tried. */
const EXPONENTS = Array.from({ length: 16 }, (_, i) => (i + 1) / 20);

/** Losses below count as this one, so that no point outweighs all others. */
const LEAST_LOSS = 1e-3;

/**
 * Fits a power law to losses, by relative errors: for each exponent of 0.05 to 0.8 the
 * law is linear in floor and factor, which least squares gives, both not below 0.
 *
 * @param points Amounts and losses.
 * @returns The law; `undefined` with fewer than 3 different amounts.
 *
 * @example Usage
 * ```ts
 * import { fitPowerLaw } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const points = [1, 2, 4, 8, 16].map((seen) => ({ seen, loss: 1 + 2 / seen ** 0.5 }));
 * const law = fitPowerLaw(points)!;
 * assert.ok(Math.abs(law.floor - 1) < 1e-9 && Math.abs(law.factor - 2) < 1e-9);
 * ```
 */
export function fitPowerLaw(
  points: readonly LearningPoint[],
): PowerLaw | undefined {
  if (new Set(points.map(({ seen }) => seen)).size < 3) return;
  let best: PowerLaw & { residual: number } | undefined;
  for (const exponent of EXPONENTS) {
    const found = fitAt(points, exponent);
    if (!best || found.residual < best.residual) best = found;
  }
  const { residual: _, ...law } = best!;
  return law;
}

/**
 * The loss that a law foretells.
 *
 * @param law The law.
 * @param seen Amount of data, > 0.
 */
export function lossAfter(
  { floor, factor, exponent }: PowerLaw,
  seen: number,
): number {
  return floor + factor / seen ** exponent;
}

/** Floor and factor for an exponent: least squares of (floor + factor x − y) / y. */
function fitAt(points: readonly LearningPoint[], exponent: number) {
  let [w0, w1, w2, r0, r1] = [0, 0, 0, 0, 0];
  const rows = points.map(({ seen, loss }) => {
    const x = seen ** -exponent;
    const weight = Math.max(loss, LEAST_LOSS) ** -2;
    w0 += weight;
    w1 += weight * x;
    w2 += weight * x * x;
    r0 += weight * loss;
    r1 += weight * x * loss;
    return { x, loss, weight };
  });
  const determinant = w0 * w2 - w1 * w1;
  let factor = (w0 * r1 - w1 * r0) / determinant;
  let floor = (r0 - factor * w1) / w0;
  if (!(factor > 0)) [factor, floor] = [0, r0 / w0];
  else if (floor < 0) [factor, floor] = [r1 / w2, 0];
  const residual = rows.reduce(
    (sum, { x, loss, weight }) =>
      sum + weight * (floor + factor * x - loss) ** 2,
    0,
  );
  return { floor, factor, exponent, residual };
}

import type { RandomSource } from "../../base/random_source.ts";
import { standardNormal } from "../../base/standard_normal.ts";

/**
 * Draws from a Dirichlet distribution: independent gamma draws over their sum.
 * In logarithms, as gamma draws of small shape underflow.
 *
 * @param alphas Concentrations, shape `[K]`, each > 0.
 * @param rng Where chance comes from.
 * @returns Weights, shape `[K]`, sum 1.
 */
export function drawDirichlet(
  alphas: readonly number[],
  rng: Pick<RandomSource, "next">,
): number[] {
  const logs = alphas.map((alpha) => logGamma(alpha, rng));
  const top = Math.max(...logs);
  const parts = logs.map((l) => Math.exp(l - top));
  const total = parts.reduce((a, b) => a + b, 0);
  return parts.map((p) => p / total);
}

/** Logarithm of a gamma draw (Marsaglia & Tsang 2000). */
function logGamma(alpha: number, rng: Pick<RandomSource, "next">): number {
  if (!(alpha > 0 && alpha < Infinity)) {
    throw new RangeError(
      `Cannot draw a mixture: concentrations must be > 0: got ${alpha}`,
    );
  }
  // Gamma(a) = Gamma(a + 1) · U^(1/a).
  if (alpha < 1) {
    return logGamma(alpha + 1, rng) + Math.log(1 - rng.next()) / alpha;
  }
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  while (true) {
    const x = standardNormal(rng);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - rng.next()) < x * x / 2 + d - d * v + d * Math.log(v)) {
      return Math.log(d * v);
    }
  }
}

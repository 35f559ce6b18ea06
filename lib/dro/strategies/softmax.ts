import { sum } from "../../base/mean.ts";

/** Weights of log-weights: exp(u − max) / sum, which can't overflow. */
export function softmax(logWeights: readonly number[]): number[] {
  const top = logWeights.reduce((a, b) => Math.max(a, b), -Infinity);
  const grown = logWeights.map((u) => Math.exp(u - top));
  const total = sum(grown);
  return grown.map((g) => g / total);
}

/** The values over the largest absolute one; all 0 stay 0. */
export function relative(values: readonly number[]): number[] {
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return values.map((v) => largest > 0 ? v / largest : 0);
}

/** Throws unless every value is finite. */
export function checkFinite(
  values: readonly number[],
  what: string,
): void {
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot learn weights: ${what}[${bad}] must be finite: got ${
        values[bad]
      }`,
    );
  }
}

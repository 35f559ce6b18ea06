import { rankCorrelation } from "./rank_correlation.ts";

/** What {@linkcode seedAgreement} found. */
export interface SeedAgreement {
  /**
   * Mean over all pairs of seeds of the total variation between their
   * mixtures, in [0, 1]: the share of the mixture that depends on the seed.
   */
  distance: number;
  /**
   * Mean over all pairs of Spearman's rank correlation, in [−1, 1]: 1 if every
   * seed puts the tasks in the same order. Tied weights share their mean rank.
   * A pair that both give every task the same weight counts 1, one of which
   * only one does 0.
   */
  rankCorrelation: number;
}

/**
 * How far the weights that several seeds learned agree.
 *
 * @param seeds Weights of each seed, shape `[S][K]`, S ≥ 2, each ≥ 0 and not
 * all 0; need not sum to 1.
 * @returns Both statistics.
 * @throws {RangeError} If there are fewer than two seeds, their lengths
 * differ, or a weight is out of range.
 *
 * @example Usage
 * ```ts
 * import { seedAgreement } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const { distance, rankCorrelation } = seedAgreement([
 *   [0.5, 0.25, 0.25],
 *   [0.25, 0.5, 0.25],
 * ]);
 * assert.equal(distance, 0.25);
 * assert.equal(rankCorrelation, -0.5);
 * ```
 */
export function seedAgreement(
  seeds: readonly (readonly number[])[],
): SeedAgreement {
  if (seeds.length < 2) {
    fail(`weights of at least 2 seeds are needed: got ${seeds.length}`);
  }
  const mixtures = seeds.map((weights, s) => normalized(weights, s));
  const stray = mixtures.findIndex((m) => m.length !== mixtures[0]!.length);
  if (stray >= 0) {
    fail(
      `seed ${stray} must have ${
        mixtures[0]!.length
      } weights like seed 0: got ${mixtures[stray]!.length}`,
    );
  }
  let pairs = 0;
  let distance = 0;
  let correlation = 0;
  for (let a = 0; a < seeds.length; a++) {
    for (let b = a + 1; b < seeds.length; b++) {
      pairs++;
      distance += totalVariation(mixtures[a]!, mixtures[b]!);
      correlation += rankCorrelation(mixtures[a]!, mixtures[b]!);
    }
  }
  return {
    distance: distance / pairs,
    rankCorrelation: correlation / pairs,
  };
}

function normalized(weights: readonly number[], seed: number): number[] {
  const bad = weights.findIndex((w) => !(w >= 0 && w < Infinity));
  if (bad >= 0) {
    fail(
      `weight ${bad} of seed ${seed} must be finite and >= 0: got ${
        weights[bad]
      }`,
    );
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) fail(`seed ${seed} must have a weight > 0`);
  return weights.map((weight) => weight / total);
}

function totalVariation(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, weight, k) => sum + Math.abs(weight - b[k]!), 0) / 2;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot compare seeds: ${reason}`);
}

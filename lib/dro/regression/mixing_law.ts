import { ridge, solve } from "../strategies/ridge.ts";

/** A loss by the mixture it was trained on: floor + exp(Σ slope · weight). */
export interface MixingLaw {
  /** What is left of the loss on any mixture, ≥ 0. */
  floor: number;
  /** Slope of each task, shape `[K]`. */
  slopes: number[];
}

/** A mixture and the loss after training on it. */
export interface MixturePoint {
  /** Sampling weights, shape `[K]`, sum 1. */
  weights: readonly number[];
  /** The loss, or anything that is to be small; finite, ≥ 0. */
  loss: number;
}

/** Options for {@linkcode fitMixingLaw}. */
export interface MixingLawOptions {
  /**
   * Penalty on how far slopes are from their mean, squared, > 0: with fewer mixtures
   * than tasks, slopes aren't unique without it. @default {1e-7}
   */
  lambda?: number;
}

/** Where the search begins: floors, as shares of the least loss. */
const FLOORS = [0, 0.5, 0.9];

/** Errors beyond this count linearly, as in Olmix. */
const HUBER = 0.02;

/** Strength of the ridge that a search begins with. */
const FIRST_RIDGE = 1e-4;

/** Least distance from a floor at the start, as a share of the largest loss. */
const LEAST = 1e-6;

/**
 * Fits the mixing law of Ye et al. (2024, arXiv 2403.16952) and Olmix (Chen et al. 2026,
 * arXiv 2602.12237), L(p) = c + exp(t · p), to mixtures and losses: c ≥ 0 and t with the
 * least Huber error. Where Olmix searches from 300 random starts, this begins at three
 * floors, of which each makes the law linear in the logarithm, and goes on by
 * Levenberg–Marquardt steps.
 *
 * @param points Mixtures and losses, at least 2.
 * @param options Penalty on the slopes.
 * @returns The law.
 * @throws {RangeError} If there are too few points, shapes don't fit, or a value is out
 * of range.
 *
 * @example Usage
 * ```ts
 * import { fitMixingLaw, lossOnMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixtures = [[1, 0], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0, 1]];
 * const law = { floor: 0, slopes: [1, -1] };
 * const points = mixtures.map((weights) => ({ weights, loss: lossOnMixture(law, weights) }));
 * const found = fitMixingLaw(points, { lambda: 1e-12 });
 * assert.ok(Math.abs(lossOnMixture(found, [0.6, 0.4]) - Math.exp(0.2)) < 1e-6);
 * ```
 */
export function fitMixingLaw(
  points: readonly MixturePoint[],
  { lambda = 1e-7 }: MixingLawOptions = {},
): MixingLaw {
  check(points, lambda);
  const found = FLOORS.map((share) =>
    refined(points, start(points, share), lambda)
  );
  return found.reduce((best, other) =>
    cost(points, other, lambda) < cost(points, best, lambda) ? other : best
  );
}

/** A law with a given floor, by a ridge regression of the logarithm. */
function start(points: readonly MixturePoint[], share: number): MixingLaw {
  const losses = points.map(({ loss }) => loss);
  const floor = share * Math.min(...losses);
  const nearest = LEAST * Math.max(...losses, Number.MIN_VALUE);
  const above = losses.map((loss) => Math.max(loss - floor, nearest));
  const { slopes, intercept } = ridge(
    points.map(({ weights }) => weights),
    above.map(Math.log),
    FIRST_RIDGE,
    // So that errors are those of the loss.
    above.map((height) => height * height),
  );
  // Weights sum to 1, so that the intercept is part of each slope.
  return { floor, slopes: slopes.map((slope) => slope + intercept) };
}

/** Levenberg–Marquardt, with weights that make squares of Huber's error. */
function refined(
  points: readonly MixturePoint[],
  from: MixingLaw,
  lambda: number,
): MixingLaw {
  let law = from;
  let now = cost(points, law, lambda);
  let damping = 1e-3;
  for (let step = 0; step < 300 && damping < 1e12; step++) {
    const { curvature, slope } = normalEquations(points, law, lambda);
    const change = solve(
      curvature.map((row, i) =>
        row.map((value, j) => i === j ? value * (1 + damping) + 1e-15 : value)
      ),
      slope.map((value) => -value),
    );
    const next = {
      floor: Math.max(0, law.floor + change[0]!),
      slopes: law.slopes.map((t, k) => t + change[k + 1]!),
    };
    const after = cost(points, next, lambda);
    if (!(after < now)) {
      damping *= 4;
      continue;
    }
    const still = now - after < 1e-12 * now;
    [law, now] = [next, after];
    damping = Math.max(damping / 3, 1e-9);
    if (still) break;
  }
  return law;
}

/** What is minimised: the mean of Huber's error, and the penalty. */
function cost(
  points: readonly MixturePoint[],
  law: MixingLaw,
  lambda: number,
): number {
  const middle = mean(law.slopes);
  const errors = points.map(({ weights, loss }) =>
    huber(loss - lossOnMixture(law, weights))
  );
  return mean(errors) +
    lambda * law.slopes.reduce((sum, t) => sum + (t - middle) ** 2, 0);
}

/** Curvature and slope by floor and slopes, each error weighted by its reach. */
function normalEquations(
  points: readonly MixturePoint[],
  law: MixingLaw,
  lambda: number,
): { curvature: number[][]; slope: number[] } {
  const size = law.slopes.length + 1;
  const middle = mean(law.slopes);
  const curvature = Array.from({ length: size }, (_, i) =>
    // Without the mean's part, which only makes steps smaller.
    Array.from({ length: size }, (_, j) => i === j && i > 0 ? 2 * lambda : 0));
  const slope = [0, ...law.slopes.map((t) => 2 * lambda * (t - middle))];
  for (const { weights, loss } of points) {
    const foretold = lossOnMixture(law, weights);
    const error = foretold - loss;
    const reach = Math.min(1, HUBER / Math.abs(error)) / points.length;
    const height = foretold - law.floor;
    const by = [1, ...weights.map((w) => w * height)];
    for (let i = 0; i < size; i++) {
      slope[i]! += reach * error * by[i]!;
      for (let j = 0; j < size; j++) {
        curvature[i]![j]! += reach * by[i]! * by[j]!;
      }
    }
  }
  return { curvature, slope };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/**
 * The loss that a law foretells for a mixture.
 *
 * @param law The law.
 * @param weights Sampling weights, shape `[K]`, sum 1.
 */
export function lossOnMixture(
  { floor, slopes }: MixingLaw,
  weights: readonly number[],
): number {
  return floor +
    Math.exp(slopes.reduce((sum, slope, k) => sum + slope * weights[k]!, 0));
}

function huber(error: number): number {
  const size = Math.abs(error);
  return size <= HUBER ? size * size / 2 : HUBER * (size - HUBER / 2);
}

function check(points: readonly MixturePoint[], lambda: number): void {
  if (points.length < 2) {
    fail(`at least 2 points are needed: got ${points.length}`);
  }
  const tasks = points[0]!.weights.length;
  points.forEach(({ weights, loss }, i) => {
    if (weights.length !== tasks) {
      fail(`points[${i}] must have ${tasks} weights: got ${weights.length}`);
    }
    if (!weights.every((w) => w >= 0 && w < Infinity)) {
      fail(`points[${i}] must have finite weights >= 0`);
    }
    if (!(loss >= 0 && loss < Infinity)) {
      fail(`points[${i}] must have a finite loss >= 0: got ${loss}`);
    }
  });
  if (!(lambda > 0 && lambda < Infinity)) {
    fail(`lambda must be finite and > 0: got ${lambda}`);
  }
}

function fail(reason: string): never {
  throw new RangeError(`Cannot fit a mixing law: ${reason}`);
}

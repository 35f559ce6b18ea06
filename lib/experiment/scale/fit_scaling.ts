import { createRng } from "../../sampling/mod.ts";
import { selfShowing } from "../../report/notebook/mod.ts";
import {
  EXPONENT_RANGE,
  fitLaw,
  lossBy,
  type ScalingLaw,
  type ScalingPoint,
} from "./fit_law.ts";

export type { ScalingLaw, ScalingPoint };

/** Options for {@linkcode fitScaling}. */
export interface FitScalingOptions {
  /** Bootstrap samples, an integer ≥ 1. @default {300} */
  resamples?: number;
  /** Coverage of the intervals, in (0, 1). @default {0.95} */
  level?: number;
  /** Seed of the bootstrap. @default {42} */
  seed?: number;
}

/** A number with its interval. */
export interface WithInterval {
  /** The estimate. */
  value: number;
  /** Low and high end. */
  interval: [number, number];
}

/** A loss that a law foretells. */
export interface Foretold extends WithInterval {
  /**
   * Whether it lies beyond the trainings in size or in data, where nothing was
   * measured.
   */
  extrapolated: boolean;
}

/** A law of scaling, from {@linkcode fitScaling}. */
export interface ScalingFit {
  /** The law. */
  law: ScalingLaw;
  /** Interval of each of its numbers. */
  intervals: Record<keyof ScalingLaw, [number, number]>;
  /** Root of the mean squared residual, in nats. */
  error: number;
  /**
   * Exponents that the trainings leave open: the best is the least or the largest that
   * a law may have (0.01 and 4).
   */
  open: ("alpha" | "beta")[];
  /** Laws of the bootstrap samples. */
  samples: ScalingLaw[];
  /** Least and most that was measured. */
  measured: {
    /** Of the parameters. */
    parameters: [number, number];
    /** Of the data. */
    data: [number, number];
  };
  /** Coverage of the intervals. */
  level: number;
}

/** Fewest different sizes, and fewest amounts of data if there are several. */
const FEWEST = { sizes: 4, amounts: 3 };

/**
 * Fits L(N, D) = E + A / N^α + B / D^β to trainings of several sizes and amounts of
 * data: variable projection with non-negative E, A and B (arXiv 2603.22339), intervals
 * by a bootstrap over the trainings: pairs of size and data are drawn anew, and for
 * each the seeds. Where all had the same data, the law has no term of data.
 *
 * @param points The trainings, several of a pair for several seeds.
 * @param options Samples and coverage of the bootstrap.
 * @returns The law.
 * @throws {RangeError} If there are fewer than four sizes, or two amounts of data
 * alone; or if a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { fitScaling, foretell } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const points = [1e5, 1e6, 1e7, 1e8].flatMap((parameters) =>
 *   [1e3, 1e4, 1e5].map((data) => ({
 *     parameters, data, loss: 0.1 + 30 * parameters ** -0.4 + 20 * data ** -0.5,
 *   }))
 * );
 * const fit = fitScaling(points, { resamples: 20 });
 * assert.ok(Math.abs(fit.law.alpha - 0.4) < 1e-3);
 * const { value, extrapolated } = foretell(fit, { parameters: 1e8, data: 1e6 });
 * assert.ok(Math.abs(value - (0.1 + 30 * 1e8 ** -0.4 + 20 * 1e6 ** -0.5)) < 1e-3);
 * assert.ok(extrapolated); // ten times the data of any training
 * ```
 */
export function fitScaling(
  points: readonly ScalingPoint[],
  { resamples = 300, level = 0.95, seed = 42 }: FitScalingOptions = {},
): ScalingFit {
  checkPoints(points);
  checkOptions({ resamples, level });
  const byData = countsOf(points).amounts > 1;
  const { residual, ...law } = fitLaw(points, { byData });
  const samples = bootstrap(points, { byData, resamples, seed });
  const intervals = Object.fromEntries(
    (Object.keys(law) as (keyof ScalingLaw)[]).map((name) => [
      name,
      ends(samples.map((sample) => sample[name]), level),
    ]),
  ) as ScalingFit["intervals"];
  const range = (values: number[]): [number, number] => [
    Math.min(...values),
    Math.max(...values),
  ];
  return selfShowing({
    law,
    intervals,
    error: Math.sqrt(residual / points.length),
    open: openExponents(law),
    samples,
    measured: {
      parameters: range(points.map(({ parameters }) => parameters)),
      data: range(points.map(({ data }) => data)),
    },
    level,
  });
}

/**
 * The loss that a law foretells for a size and an amount of data.
 *
 * @param fit The law.
 * @param point Parameters and data.
 *
 * @example Usage
 * ```ts
 * import { fitScaling, foretell } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const points = [1e5, 1e6, 1e7, 1e8].map((parameters) => ({
 *   parameters, data: 1e4, loss: 1 + 30 * parameters ** -0.4,
 * }));
 * const fit = fitScaling(points, { resamples: 20 });
 * const twice = foretell(fit, { parameters: 2e8, data: 1e4 });
 * assert.ok(twice.value < points[3]!.loss && twice.extrapolated);
 * ```
 */
export function foretell(
  { law, samples, measured, level }: ScalingFit,
  point: Pick<ScalingPoint, "parameters" | "data">,
): Foretold {
  const outside = (value: number, [least, most]: [number, number]) =>
    value < least || value > most;
  return {
    value: lossBy(law, point),
    interval: ends(samples.map((sample) => lossBy(sample, point)), level),
    extrapolated: outside(point.parameters, measured.parameters) ||
      outside(point.data, measured.data),
  };
}

/** Exponents at the end of the range whose term isn't nothing. */
function openExponents(
  { a, alpha, b, beta }: ScalingLaw,
): ScalingFit["open"] {
  const atEnd = (factor: number, exponent: number) =>
    factor > 0 &&
    EXPONENT_RANGE.some((end) => Math.abs(exponent / end - 1) < 1e-6);
  return [
    ...atEnd(a, alpha) ? ["alpha" as const] : [],
    ...atEnd(b, beta) ? ["beta" as const] : [],
  ];
}

/** Trainings in the pairs of size and data that they share. */
function pairsOf(points: readonly ScalingPoint[]): ScalingPoint[][] {
  const pairs = Map.groupBy(
    points,
    ({ parameters, data }) => `${parameters} ${data}`,
  );
  return [...pairs.values()];
}

function bootstrap(
  points: readonly ScalingPoint[],
  { byData, resamples, seed }: {
    byData: boolean;
    resamples: number;
    seed: number;
  },
): ScalingLaw[] {
  const rng = createRng(seed, "scaling/bootstrap");
  const pairs = pairsOf(points);
  const pick = <T>(list: readonly T[]): T => list[rng.int(list.length)]!;
  const laws: ScalingLaw[] = [];
  while (laws.length < resamples) {
    const sample = pairs.flatMap(() => {
      const pair = pick(pairs);
      return pair.map(() => pick(pair));
    });
    // A sample with too few sizes has no law; another one is drawn.
    if (problemOf(sample, { byData })) continue;
    const { residual: _, ...law } = fitLaw(sample, { byData });
    laws.push(law);
  }
  return laws;
}

/** Why points have no law; nothing if they have one. */
function problemOf(
  points: readonly ScalingPoint[],
  { byData }: { byData: boolean },
): string | undefined {
  const { sizes, amounts } = countsOf(points);
  // A sample with one less still bends.
  if (sizes < FEWEST.sizes - 1) return "sizes";
  return byData && amounts < FEWEST.amounts - 1 ? "amounts" : undefined;
}

function ends(values: readonly number[], level: number): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))]!;
  return [at((1 - level) / 2), at((1 + level) / 2)];
}

/** Whether there are sizes and amounts of data enough for a law. */
export function hasLaw(points: readonly ScalingPoint[]): boolean {
  const { sizes, amounts } = countsOf(points);
  return sizes >= FEWEST.sizes && amounts !== 2;
}

/** Different sizes and amounts of data. */
function countsOf(
  points: readonly ScalingPoint[],
): { sizes: number; amounts: number } {
  return {
    sizes: new Set(points.map(({ parameters }) => parameters)).size,
    amounts: new Set(points.map(({ data }) => data)).size,
  };
}

function checkPoints(points: readonly ScalingPoint[]): void {
  points.forEach(({ parameters, data, loss }, i) => {
    const fail = (name: string, must: string, got: number): never => {
      throw new RangeError(
        `Cannot fit a scaling law: points[${i}].${name} must be ${must}: got ${got}`,
      );
    };
    const positive = (value: number) => value > 0 && Number.isFinite(value);
    if (!positive(parameters)) fail("parameters", "> 0", parameters);
    if (!positive(data)) fail("data", "> 0", data);
    if (!(loss >= 0 && Number.isFinite(loss))) fail("loss", ">= 0", loss);
  });
  const { sizes, amounts } = countsOf(points);
  if (sizes < FEWEST.sizes) {
    throw new RangeError(
      `Cannot fit a scaling law: points must have at least ${FEWEST.sizes} sizes: got ${sizes}; a law has more numbers than fewer could tell`,
    );
  }
  if (amounts === 2) {
    throw new RangeError(
      `Cannot fit a scaling law: points must have one amount of data, or at least ${FEWEST.amounts}: got 2`,
    );
  }
}

function checkOptions(
  { resamples, level }: Required<
    Pick<FitScalingOptions, "resamples" | "level">
  >,
): void {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(
      `Cannot fit a scaling law: resamples must be an integer of at least 1: got ${resamples}`,
    );
  }
  if (!(level > 0 && level < 1)) {
    throw new RangeError(
      `Cannot fit a scaling law: level must be in (0, 1): got ${level}`,
    );
  }
}

import { nonNegativeLeastSquares } from "./least_squares.ts";

/** One training: what {@linkcode fitScaling} takes. */
export interface ScalingPoint {
  /** Parameters without those of tables that are looked up by token, > 0. */
  parameters: number;
  /** Amount of training data, e.g. queries with a judgment, > 0. */
  data: number;
  /** Contrastive entropy on queries that were held out, in nats, ≥ 0. */
  loss: number;
}

/** L(N, D) = E + A / N^α + B / D^β. */
export interface ScalingLaw {
  /** What is left of the loss with endless parameters and data. */
  e: number;
  /** Factor of the parameters' term. */
  a: number;
  /** Exponent of the parameters. */
  alpha: number;
  /** Factor of the data's term; 0 where all trainings had the same data. */
  b: number;
  /** Exponent of the data; 0 where all trainings had the same data. */
  beta: number;
}

/** The loss that a law foretells. */
export function lossBy(
  { e, a, alpha, b, beta }: ScalingLaw,
  { parameters, data }: Pick<ScalingPoint, "parameters" | "data">,
): number {
  return e + a * parameters ** -alpha + b * data ** -beta;
}

/**
 * Least and largest exponent that a law may have. Public fits have 0.05 to 1.3;
 * beyond 4 a term is a step at the smallest size, below 0.01 a constant.
 */
export const EXPONENT_RANGE: readonly [number, number] = [0.01, 4];

/** Exponents that are tried first, evenly in the logarithm. */
const EXPONENTS = Array.from({ length: 20 }, (_, i) => 0.05 * 1.25 ** i);

/**
 * Fits a law by variable projection: for given exponents it is linear in E, A and B,
 * which non-negative least squares gives; the exponents are searched, on a grid and
 * then by ever smaller steps.
 *
 * @param points The trainings.
 * @param options Whether the data have a term.
 */
export function fitLaw(
  points: readonly ScalingPoint[],
  { byData }: { byData: boolean },
): ScalingLaw & { residual: number } {
  // Relative to the geometric mean, as powers of millions have no digits left.
  const size = geometricMean(points.map(({ parameters }) => parameters));
  const amount = geometricMean(points.map(({ data }) => data));
  const losses = points.map(({ loss }) => loss);
  const ones = points.map(() => 1);
  const at = (alpha: number, beta: number) => {
    const byParameters = points.map(({ parameters }) =>
      (parameters / size) ** -alpha
    );
    const ofData = points.map(({ data }) =>
      byData ? (data / amount) ** -beta : 0
    );
    const { factors: [e, a, b], residual } = nonNegativeLeastSquares(
      [ones, byParameters, ofData],
      losses,
    );
    return {
      e,
      a: a * size ** alpha,
      alpha,
      b: byData ? b * amount ** beta : 0,
      beta: byData ? beta : 0,
      residual,
    };
  };
  const betas = byData ? EXPONENTS : [0];
  let best = at(EXPONENTS[0]!, betas[0]!);
  for (const alpha of EXPONENTS) {
    for (const beta of betas) {
      const found = at(alpha, beta);
      if (found.residual < best.residual) best = found;
    }
  }
  // From here downhill, along both exponents and across, by smaller and smaller steps.
  for (let step = 0.2; step > 1e-7;) {
    const moves = byData
      ? [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]]
      : [[1, 0], [-1, 0]];
    const better = moves.map(([up, right]) =>
      at(
        inRange(best.alpha * Math.exp(up! * step)),
        byData ? inRange(best.beta * Math.exp(right! * step)) : 0,
      )
    ).reduce((one, two) => two.residual < one.residual ? two : one);
    if (better.residual < best.residual) best = better;
    else step /= 2;
  }
  return best;
}

function inRange(exponent: number): number {
  const [least, most] = EXPONENT_RANGE;
  return Math.min(Math.max(exponent, least), most);
}

function geometricMean(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + Math.log(value), 0);
  return Math.exp(sum / values.length);
}

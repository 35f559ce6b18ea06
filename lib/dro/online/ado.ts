import { z } from "zod";
import { meanByDomain } from "./odm.ts";
import type { OnlineMixture } from "./online_mixture.ts";
import { fitPowerLaw, type PowerLaw } from "./power_law.ts";

/** Options for {@linkcode adaptiveDataOptimization}. */
export interface AdaptiveDataOptions {
  /** Updates of the whole training, ≥ 1: start and refitting are shares of it. */
  steps: number;
  /** Least probability of a task before averaging, in [0, 1). @default {0.01} */
  least?: number;
  /** Exponent of a task's recent share. @default {0.5} */
  credit?: number;
}

/** Share of the updates whose losses no law is fitted to: the rate still rises. */
const IGNORED = 0.05;

/** Share of the updates before the first change. */
const START = 0.1;

/** Laws that are fitted over a whole training, about. */
const REFITS = 60;

/** Exponents of laws count as at least this. */
const LEAST_EXPONENT = 0.05;

/** Weight of the past in a task's recent share, and of the mean policy. */
const MEMORY = 0.9;

const lawSchema = z.object({
  floor: z.number(),
  factor: z.number(),
  exponent: z.number(),
}).nullable();

const stateSchema = z.object({
  updates: z.int().min(0),
  seen: z.number(),
  recent: z.array(z.number()),
  mean: z.array(z.number()),
  weights: z.array(z.number()),
  points: z.array(z.array(z.tuple([z.number(), z.number()]))),
  laws: z.array(lawSchema).nullable(),
});

/**
 * Adaptive data optimisation (ADO; Jiang et al. 2024, arXiv 2410.11820): to each task's
 * losses a law ε + β n^−α is fitted while it trains, and tasks whose loss falls fastest
 * by it are drawn more.
 *
 * ```text
 * ρ_k ∝ μ_k · h_k^0.5 · α_k (L_k(n) − ε_k) / n       not below 0.01
 * h ← 0.9 h + 0.1 (shares of the tasks in the update)
 * π = 0.9 π̄ + 0.1 ρ,   π̄ ← (1 − 1/(t+1)) π̄ + ρ/(t+1)
 * ```
 *
 * n is the number of all examples so far, as in the published code. Ours: laws are
 * fitted by {@linkcode fitPowerLaw} to the losses as they are, from 10 % of the updates
 * on and then 60 times; a task without a law counts as the mean of the others.
 *
 * @param prior μ, e.g. numbers of rows, shape `[K]`, each > 0; need not sum to 1.
 * @param options Length of the training, and constants.
 * @returns The mixture; the prior at first.
 * @throws {RangeError} If a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { adaptiveDataOptimization } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = adaptiveDataOptimization([1, 1], { steps: 100 });
 * for (let step = 1; step <= 100; step++) {
 *   // The loss of task 0 still falls, that of task 1 doesn't.
 *   mixture.observe({ losses: [9 / step ** 0.5, 1], domains: [0, 1] });
 * }
 * const [falling, flat] = mixture.weights();
 * assert.ok(falling! > flat! && Math.abs(falling! + flat! - 1) < 1e-12);
 * ```
 */
export function adaptiveDataOptimization(
  prior: readonly number[],
  { steps, least = 0.01, credit = 0.5 }: AdaptiveDataOptions,
): OnlineMixture {
  const tasks = prior.length;
  if (tasks < 2) fail(`prior must have at least 2 tasks: got ${tasks}`);
  prior.forEach((size, k) => {
    if (!(size > 0 && size < Infinity)) {
      fail(`prior[${k}] must be finite and > 0: got ${size}`);
    }
  });
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    fail(`steps must be an integer >= 1: got ${steps}`);
  }
  if (!(least >= 0 && least < 1)) fail(`least must be in [0, 1): got ${least}`);
  if (!(credit >= 0 && credit < Infinity)) {
    fail(`credit must be finite and >= 0: got ${credit}`);
  }
  const shares = normalised(prior);
  // With very many tasks the least share of each would leave nothing to choose.
  const floor = Math.min(least, 1 / (2 * tasks));
  const ignored = Math.floor(IGNORED * steps);
  const start = Math.ceil(START * steps);
  const every = Math.max(1, Math.round(steps / REFITS));

  let updates = 0;
  let seen = 0;
  let recent = shares;
  let mean = shares;
  let weights = shares;
  /** Examples seen and loss then, of each update that held the task. */
  let points: [number, number][][] = shares.map(() => []);
  let laws: (PowerLaw | undefined)[] | undefined;

  /** Where the losses fall fastest per example, by the laws. */
  const policy = (): number[] => {
    const slopes = laws!.map((law) =>
      law &&
      Math.max(law.exponent, LEAST_EXPONENT) * law.factor *
        seen ** -(law.exponent + 1)
    );
    const known = slopes.filter((slope) => slope !== undefined);
    const average = known.reduce((a, b) => a + b, 0) / known.length;
    // Nothing is learned any more: then nothing speaks for one of them.
    const slopeOf = (k: number) => average > 0 ? slopes[k] ?? average : 1;
    return notBelow(
      normalised(shares.map((mu, k) => mu * recent[k]! ** credit * slopeOf(k))),
      floor,
    );
  };

  return {
    weights: () => weights,
    observe(observation) {
      const { domains } = observation;
      const losses = meanByDomain(observation, tasks);
      const step = updates++;
      seen += domains.length;
      const counts = shares.map(() => 0);
      for (const domain of domains) counts[domain]!++;
      recent = recent.map((h, k) =>
        MEMORY * h + (1 - MEMORY) * counts[k]! / domains.length
      );
      for (const [task, loss] of losses) {
        if (step >= ignored) points[task]!.push([seen, loss]);
      }
      if (updates < start) return;
      if (!laws || updates % every === 0) {
        const found = points.map((own) =>
          fitPowerLaw(own.map(([seen, loss]) => ({ seen, loss })))
        );
        if (found.some(Boolean)) laws = found;
      }
      if (!laws) return;
      const now = policy();
      weights = now.map((p, k) => MEMORY * mean[k]! + (1 - MEMORY) * p);
      mean = now.map((p, k) => mean[k]! + (p - mean[k]!) / (step + 1));
    },
    state: () => ({
      updates,
      seen,
      recent,
      mean,
      weights,
      points: points.map((own) => [...own]),
      laws: laws?.map((law) => law ?? null) ?? null,
    }),
    restore(state) {
      const parsed = stateSchema.parse(state);
      ({ updates, seen, recent, mean, weights } = parsed);
      points = parsed.points.map((own) => [...own]);
      laws = parsed.laws?.map((law) => law ?? undefined);
    },
  };
}

function normalised(values: readonly number[]): number[] {
  const total = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / total);
}

/** Raises small shares to the least one, and makes the sum 1 again. */
function notBelow(shares: readonly number[], least: number): number[] {
  return normalised(shares.map((share) => Math.max(share, least)));
}

function fail(reason: string): never {
  throw new RangeError(`Cannot optimise data adaptively: ${reason}`);
}

import { lossBy, type ScalingLaw } from "./fit_law.ts";
import { foretell, type ScalingFit, type WithInterval } from "./fit_scaling.ts";

/** What {@linkcode bestSplit} divides. */
export interface SplitBudget {
  /** Operations that may be done: of training, and of encoding queries afterwards. */
  flops: number;
  /** Tokens that training reads for one unit of data, over all of its passes. */
  tokensPerDatum: number;
  /** Queries that the model will encode. @default {0} */
  queries?: number;
  /** Tokens of a query. @default {32} */
  tokensPerQuery?: number;
}

/** The best model for a budget. */
export interface Split {
  /** Parameters. */
  parameters: WithInterval;
  /** Data that are left to train on. */
  data: WithInterval;
  /** The loss that the law foretells. */
  loss: WithInterval;
  /** Whether it lies beyond what was measured. */
  extrapolated: boolean;
}

/** Operations that a parameter costs per token, in training and in encoding. */
const COST = { training: 6, encoding: 2 };

/** Sizes that are tried, evenly in the logarithm. */
const TRIED = 2000;

/**
 * How large a model should be, and on how much data it should be trained, if both
 * cost the same budget: training costs 6 N operations a token, and each query that
 * the model encodes afterwards 2 N (arXiv 2001.08361).
 *
 * @param fit A law with a term of data.
 * @param budget What there is, and what it is spent on.
 * @returns Size, data and loss, with the intervals of the bootstrap.
 * @throws {RangeError} If the law has no term of data, or a number is out of range.
 *
 * @example Usage
 * ```ts
 * import { bestSplit, fitScaling } from "@tdro/tdro/experiment";
 * import assert from "node:assert/strict";
 *
 * const points = [1e5, 1e6, 1e7, 1e8].flatMap((parameters) =>
 *   [1e3, 1e4, 1e5].map((data) => ({
 *     parameters, data, loss: 0.1 + 30 * parameters ** -0.4 + 20 * data ** -0.4,
 *   }))
 * );
 * const fit = fitScaling(points, { resamples: 20 });
 * const budget = { flops: 1e15, tokensPerDatum: 100 };
 * const trained = bestSplit(fit, budget);
 * const served = bestSplit(fit, { ...budget, queries: 1e6 });
 * assert.ok(served.parameters.value < trained.parameters.value); // each query costs
 * ```
 */
export function bestSplit(fit: ScalingFit, budget: SplitBudget): Split {
  const { flops, tokensPerDatum, queries = 0, tokensPerQuery = 32 } = budget;
  const least = { flops: 0, tokensPerDatum: 0, queries: -1, tokensPerQuery: 0 };
  const given = { flops, tokensPerDatum, queries, tokensPerQuery };
  for (const [name, value] of Object.entries(given)) {
    if (value > least[name as keyof typeof least] && value < Infinity) continue;
    throw new RangeError(
      `Cannot split a budget: ${name} must be a number above ${
        name === "queries" ? "or at 0" : "0"
      }: got ${value}`,
    );
  }
  if (fit.law.b === 0) {
    throw new RangeError(
      "Cannot split a budget: the law must have a term of data: got none; train on several amounts of data",
    );
  }
  const best = splitOf(fit.law, given);
  const samples = fit.samples.filter(({ b }) => b > 0)
    .map((law) => splitOf(law, given));
  const interval = (of: (split: typeof best) => number): [number, number] => {
    const sorted = samples.map(of).sort((x, y) => x - y);
    const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))]!;
    return [at((1 - fit.level) / 2), at((1 + fit.level) / 2)];
  };
  const { parameters, data } = best;
  const { value, interval: lossInterval, extrapolated } = foretell(fit, best);
  return {
    parameters: { value: parameters, interval: interval((s) => s.parameters) },
    data: { value: data, interval: interval((s) => s.data) },
    loss: { value, interval: lossInterval },
    extrapolated,
  };
}

function splitOf(
  law: ScalingLaw,
  { flops, tokensPerDatum, queries, tokensPerQuery }: Required<SplitBudget>,
): { parameters: number; data: number } {
  // Of what one parameter costs: serving it, and training it on one unit of data.
  const served = COST.encoding * queries * tokensPerQuery;
  const trained = COST.training * tokensPerDatum;
  // So large that one unit of data is left.
  const largest = flops / (served + trained);
  const smallest = Math.min(1, largest / 2);
  let best = { parameters: smallest, data: 1, loss: Infinity };
  for (let i = 0; i < TRIED; i++) {
    const parameters = smallest * (largest / smallest) ** (i / TRIED);
    const data = (flops / parameters - served) / trained;
    const loss = lossBy(law, { parameters, data });
    if (loss < best.loss) best = { parameters, data, loss };
  }
  return best;
}

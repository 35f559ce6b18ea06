import { fitMixingLaw, lossOnMixture } from "./mixing_law.ts";
import {
  proposeMixture,
  type ProposeMixtureOptions,
} from "./propose_mixture.ts";
import { reuseMixture } from "./reuse_mixture.ts";
import type { Swarm } from "./swarm_files.ts";

/** Options for {@linkcode fitSwarm}. */
export interface FitSwarmOptions
  extends Pick<ProposeMixtureOptions, "prior" | "kl" | "bound"> {
  /** Weights of an earlier mixture's tasks, which keep their shares. */
  keep?: ReadonlyMap<string, number> | undefined;
}

/** How a metric's law fits. */
export interface FittedMetric {
  /** Its name. */
  name: string;
  /** What its law foretells for the weights. */
  predicted: number;
  /** Root mean square of what the law misses the runs by. */
  error: number;
  /** Standard deviation of the runs. */
  spread: number;
}

/** Weights from a swarm. */
export interface FittedSwarm {
  /** Weights, shape `[K]`, sum 1. */
  weights: number[];
  /** Each metric. */
  metrics: FittedMetric[];
  /** Runs that were used. */
  runs: number;
  /** What to know of them, a line each. */
  warnings: string[];
}

/** A law that leaves so much of the spread explains next to nothing. */
const POOR = 0.9;

/** What {@linkcode reuseMixture} may be off by without a warning. */
const OTHER_SHARES = 0.02;

/**
 * Fits a law to each metric of a swarm and proposes a mixture, as Olmix does; see
 * `fitMixingLaw()`, `proposeMixture()` and `reuseMixture()`. Runs without a metric are
 * left out.
 *
 * @param swarm The runs; metrics are to be small, and ≥ 0.
 * @param options Prior, strength, bound, and tasks that keep their shares.
 * @returns The weights, and how well the laws fit.
 * @throws {RangeError} If there are too few runs, or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { fitSwarm } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const runs = [0, 0.25, 0.5, 0.75, 1].map((share, i) => ({
 *   run: `${i}`,
 *   name: "example",
 *   ratios: [share, 1 - share],
 *   metrics: [Math.exp(-share)], // the more of task 0 the better
 * }));
 * const { weights } = fitSwarm({ domains: ["a", "b"], metrics: ["loss"], runs });
 * assert.ok(weights[0]! > 0.9);
 * ```
 */
export function fitSwarm(
  swarm: Swarm,
  { keep, prior = swarm.domains.map(() => 1), kl, bound }: FitSwarmOptions = {},
): FittedSwarm {
  const runs = swarm.runs.filter(({ metrics }) =>
    metrics.every(Number.isFinite)
  );
  const warnings = runs.length < swarm.runs.length
    ? [
      `${
        swarm.runs.length - runs.length
      } of ${swarm.runs.length} runs lack a metric and are left out`,
    ]
    : [];
  const reuse = keep && reuseMixture(swarm.domains, keep);
  if (reuse) warnings.push(...otherShares(runs, reuse));
  const mixed = (weights: readonly number[]) =>
    reuse ? reuse.collapse(weights) : [...weights];
  const free = mixed(prior).length;
  if (runs.length <= free) {
    warnings.push(
      `${runs.length} runs are few for ${free} tasks: take 3 per task or more`,
    );
  }
  const laws = swarm.metrics.map((_, m) =>
    fitMixingLaw(runs.map(({ ratios, metrics }) => ({
      weights: mixed(ratios),
      loss: metrics[m]!,
    })))
  );
  const proposed = proposeMixture(laws, {
    prior: mixed(prior),
    ...kl !== undefined && { kl },
    ...bound && !reuse && { bound },
  });
  const metrics = swarm.metrics.map((name, m): FittedMetric => {
    const values = runs.map((run) => run.metrics[m]!);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const rms = (of: (value: number, i: number) => number) =>
      Math.sqrt(
        values.reduce((sum, v, i) => sum + of(v, i) ** 2, 0) / values.length,
      );
    return {
      name,
      predicted: lossOnMixture(laws[m]!, proposed),
      error: rms((v, i) => v - lossOnMixture(laws[m]!, mixed(runs[i]!.ratios))),
      spread: rms((v) => v - mean),
    };
  });
  const poor = metrics.filter(({ error, spread }) => error > POOR * spread);
  if (poor.length > 0) {
    warnings.push(
      `the laws of ${poor.length} of ${metrics.length} metrics explain next to nothing of what differs between runs, such as that of ${
        poor[0]!.name
      }: the runs may be too short`,
    );
  }
  return {
    weights: reuse ? reuse.expand(proposed) : proposed,
    metrics,
    runs: runs.length,
    warnings,
  };
}

/** Says where runs didn't have the shares that are kept. */
function otherShares(
  runs: Swarm["runs"],
  { collapse, expand }: ReturnType<typeof reuseMixture>,
): string[] {
  const other = runs.filter(({ ratios }) =>
    expand(collapse(ratios)).some((w, k) =>
      Math.abs(w - ratios[k]!) > OTHER_SHARES
    )
  );
  return other.length === 0 ? [] : [
    `${other.length} of ${runs.length} runs divided the kept tasks otherwise than the kept weights do: what they say of the new tasks is less certain`,
  ];
}

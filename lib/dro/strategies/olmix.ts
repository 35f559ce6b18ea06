import { fitMixingLaw } from "../regression/mixing_law.ts";
import { proposeMixture } from "../regression/propose_mixture.ts";
import { drawDirichlet } from "./dirichlet.ts";
import type { Strategy } from "./strategy.ts";
import { tryMixtures } from "./try_mixtures.ts";

/** Options for {@linkcode olmix}. */
export interface OlmixOptions {
  /** What runs are drawn around and the result stays near. @default {"proportional"} */
  prior?: "proportional" | "uniform";
}

/** Smallest and largest strength of the Dirichlet, for each task. */
const STRENGTH = [0.1, 5] as const;

/** Shares below become 0 in a run. */
const LEAST_SHARE = 0.002;

/**
 * Olmix: short proxy runs on random mixtures around a prior, a log-linear law for the
 * dev loss of each task, and the mixture that these laws hold for best, near the prior;
 * see `fitMixingLaw()` and `proposeMixture()`. Ours: max(3 K, 8) runs, which share the
 * budget. `tdro weights fit` does the same with runs that are there already, reuses an
 * earlier mixture when tasks are added, and reads and writes Olmix's files.
 *
 * @param options The prior: the data's shares, as published, or uniform.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { olmix } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(olmix({ prior: "uniform" }).name, "olmix-uniform");
 * ```
 */
export function olmix(
  { prior: kind = "proportional" }: OlmixOptions = {},
): Strategy {
  return {
    name: kind === "uniform" ? "olmix-uniform" : "olmix",
    source: "Olmix (Chen et al. 2026, arXiv 2602.12237, and its code)",
    formula:
      `min Σ_i exp(t_i · p) + 0.1 KL(p ‖ prior), laws c_i + exp(t_i · p) of each task's dev loss; prior: ${
        kind === "uniform" ? "uniform" : "the data's shares"
      }`,
    cost: "N: in max(3K, 8) equal runs, each with its dev losses",
    failsWhen:
      "the runs are too short to show more than noise, or the laws are asked far from where runs lie",
    async *learn(context) {
      const { names, sizes } = context;
      const prior = kind === "uniform" ? names.map(() => 1) : sizes;
      const tried = yield* tryMixtures(context, {
        strategy: "olmix",
        draw: (rng) => mixtureAround(prior, rng),
      });
      const laws = names.map((_, i) =>
        fitMixingLaw(
          // A dev loss may be 0 but for rounding.
          tried.map(({ weights, losses }) => ({
            weights,
            loss: Math.max(0, losses[i]!),
          })),
        )
      );
      return proposeMixture(laws, { prior });
    },
  };
}

/** A random mixture around a prior, without shares that are next to nothing. */
function mixtureAround(
  prior: readonly number[],
  rng: Parameters<typeof drawDirichlet>[1],
): number[] {
  const [low, high] = STRENGTH;
  const strength = low * (high / low) ** rng.next();
  const total = prior.reduce((a, b) => a + b, 0);
  const drawn = drawDirichlet(
    prior.map((size) => strength * prior.length * size / total),
    rng,
  ).map((share) => share < LEAST_SHARE ? 0 : share);
  const sum = drawn.reduce((a, b) => a + b, 0);
  return drawn.map((share) => share / sum);
}

import { adaptiveDataOptimization } from "../online/ado.ts";
import type { Strategy } from "./strategy.ts";

/** Options for {@linkcode ado}. */
export interface AdoOptions {
  /** Where it starts and what it leans to. @default {"proportional"} */
  prior?: "proportional" | "uniform";
}

/**
 * ADO: the mixture follows laws that are fitted to the losses while the retriever
 * trains; see {@linkcode adaptiveDataOptimization}. The weights that are reported are the
 * mean over its updates.
 *
 * @param options The prior: the data's shares, as published, or uniform.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { ado } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = ado().online!(2, { sizes: [300, 100], steps: 100 });
 * assert.deepEqual(mixture.weights(), [0.75, 0.25]);
 * ```
 */
export function ado({ prior = "proportional" }: AdoOptions = {}): Strategy {
  const priorOf = (sizes: readonly number[]) =>
    prior === "uniform" ? sizes.map(() => 1) : sizes;
  return {
    name: prior === "uniform" ? "ado-uniform" : "ado",
    formula:
      "π = 0.9 π̄ + 0.1 ρ, ρ_k ∝ μ_k h_k^0.5 α_k (L_k(n) − ε_k) / n by laws ε + β n^−α of the losses" +
      (prior === "uniform" ? ", μ uniform" : ", μ the data's shares"),
    source:
      "Adaptive Data Optimization (Jiang et al. 2024, arXiv 2410.11820, and its code)",
    cost: "0",
    failsWhen:
      "losses are noisier than their fall, as in short trainings: laws then follow noise; and it can't see that one task helps another",
    online: (_, { sizes, steps }) =>
      adaptiveDataOptimization(priorOf(sizes), { steps }),
    // deno-lint-ignore require-yield
    async *learn({ sizes }) {
      const own = priorOf(sizes);
      const total = own.reduce((a, b) => a + b, 0);
      return await Promise.resolve(own.map((size) => size / total));
    },
  };
}

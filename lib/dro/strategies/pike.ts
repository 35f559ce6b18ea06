import { pikeMixture } from "../online/pike.ts";
import type { Strategy } from "./strategy.ts";

/**
 * PiKE: the mixture follows the norm and the variance of the tasks' gradients while the
 * retriever trains; see {@linkcode pikeMixture}. The weights that are reported are the
 * mean over its updates.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { pike } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = pike().online!(2, { sizes: [90, 10], steps: 100 });
 * assert.deepEqual(mixture.weights(), [0.5, 0.5]);
 * ```
 */
export function pike(): Strategy {
  return {
    name: "pike",
    formula:
      "w_k ← w_k exp(ζ₁ ‖∇L_k‖² − ζ₂ σ_k² / 2b) / Z, estimated by halves of each batch",
    source: "PiKE (Li et al. 2025, arXiv 2502.06244, algorithm 1)",
    cost: "0",
    oneTask: true,
    failsWhen:
      "gradients of the tasks conflict, which it takes for granted they don't, or a task has long gradients that teach nothing else; it heeds no sizes",
    online: (tasks, { steps }) => pikeMixture(tasks, { steps }),
    // deno-lint-ignore require-yield
    async *learn({ sizes }) {
      return await Promise.resolve(sizes.map(() => 1 / sizes.length));
    },
  };
}

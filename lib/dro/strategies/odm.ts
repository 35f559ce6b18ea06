import { onlineDataMixing } from "../online/odm.ts";
import type { Strategy } from "./strategy.ts";

/**
 * ODM: the mixture is no number but a bandit that draws each batch's task while the
 * retriever trains; see {@linkcode onlineDataMixing}. The weights that are reported are
 * the mean over its updates.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { odm } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = odm().online!(2, { sizes: [90, 10], steps: 100 });
 * assert.deepEqual(mixture.weights(), [0.5, 0.5]);
 * ```
 */
export function odm(): Strategy {
  return {
    name: "odm",
    formula:
      "a = (1 − Kε) · softmax(ε R) + ε; R ← 0.9 R + 0.1 loss / a of the task drawn",
    source: "Online data mixing (Albalak et al. 2023, arXiv 2312.02406)",
    cost: "0",
    failsWhen:
      "losses of the tasks aren't comparable: a noisy or simply hard task is drawn for ever",
    online: (tasks) => onlineDataMixing(tasks),
    // deno-lint-ignore require-yield
    async *learn({ sizes }) {
      return await Promise.resolve(sizes.map(() => 1 / sizes.length));
    },
  };
}

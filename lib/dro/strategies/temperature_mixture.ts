import { type MixtureStrategy, mixtureStrategy } from "./mixture_strategy.ts";
import { mixture } from "../../sampling/mod.ts";

/**
 * Between proportional (1) and uniform (towards infinity), as in multilingual
 * models.
 *
 * @param temperature Larger is closer to uniform; > 0.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { temperatureMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(temperatureMixture(2).weights([400, 100]), [2 / 3, 1 / 3]);
 * ```
 */
export function temperatureMixture(temperature: number): MixtureStrategy {
  return mixtureStrategy({
    name: `temperature-${temperature}`,
    formula: `s^(1/${temperature}) / sum(s^(1/${temperature}))`,
    source: "Arivazhagan et al. 2019 (arXiv 1907.05019)",
    failsWhen:
      "size is a poor sign of what a task is worth; the temperature is a guess",
    weights: (sizes) => mixture(sizes, { temperature }),
  });
}

import { type MixtureStrategy, mixtureStrategy } from "./mixture_strategy.ts";
import { temperatureMixture } from "./temperature_mixture.ts";

/** A published exponent of the tasks' sizes. */
export interface Recipe {
  /** Exponent α of the sizes; sampling temperature 1/α. */
  exponent: number;
  /** Where it is published. */
  source: string;
}

/** Name of a published recipe. */
export type RecipeName = "gte" | "mt5" | "xlm-r" | "mnmt";

/** Published recipes by name. */
export const RECIPES: Readonly<Record<RecipeName, Recipe>> = {
  gte: {
    exponent: 0.5,
    source: "GTE's pre-training (Li et al. 2023, arXiv 2308.03281)",
  },
  mt5: {
    exponent: 0.3,
    source: "mT5's languages (Xue et al. 2020, arXiv 2010.11934)",
  },
  "xlm-r": {
    exponent: 0.3,
    source: "XLM-R's languages (Conneau et al. 2019, arXiv 1911.02116)",
  },
  mnmt: {
    exponent: 0.2,
    source:
      "massively multilingual translation (Arivazhagan et al. 2019, arXiv 1907.05019)",
  },
};

/**
 * The mixture of a published recipe: sizes to a power, s^α / Σ s^α, which is a
 * temperature of 1/α.
 *
 * @param name Name of the recipe.
 * @returns The rule.
 *
 * @example Usage
 * ```ts
 * import { recipe } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(recipe("gte").weights([400, 100]), [2 / 3, 1 / 3]);
 * ```
 */
export function recipe(name: RecipeName): MixtureStrategy {
  const { exponent, source } = RECIPES[name];
  const { failsWhen, weights } = temperatureMixture(1 / exponent);
  return mixtureStrategy({
    name: `recipe-${name}`,
    formula: `s^${exponent} / sum(s^${exponent})`,
    source,
    failsWhen,
    weights,
  });
}

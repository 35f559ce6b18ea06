import type { Strategy } from "./strategy.ts";

/** How a strategy's retriever is put together. */
export interface Merging {
  /** Retrievers that are trained, each with its part of the updates. */
  members: number;
  /** How their parameters become one model's. */
  by: "mean" | "slerp";
  /** Share of each task's rows that a retriever is trained on, by lot, in (0, 1]. */
  bag: number;
}

/** Rows of a bag: BOOM's smaller ones. */
const BAG = 0.8;

/**
 * Trains several retrievers on another strategy's mixture, each on a bag of the rows
 * and for its part of the updates, and merges them into one: bagged model merging (BOOM;
 * arXiv 2602.05787) within the budget of a single retriever.
 *
 * @param of The strategy that chooses the mixture.
 * @param members How many retrievers, an integer ≥ 2.
 * @param by The plain mean of the parameters, or the spherical one.
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { soupOf, uniformMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(soupOf(uniformMixture(), 3, "mean").merging, {
 *   members: 3, by: "mean", bag: 0.8,
 * });
 * ```
 */
export function soupOf(
  of: Strategy,
  members: number,
  by: Merging["by"],
): Strategy {
  if (!(Number.isSafeInteger(members) && members >= 2)) {
    throw new RangeError(
      `Cannot merge models: how many must be an integer >= 2: got ${members}`,
    );
  }
  if (of.merging) {
    throw new RangeError(
      `Cannot merge models: ${of.name} merges some already; name its own strategy`,
    );
  }
  const { learn, ...rest } = of;
  return {
    ...rest,
    learn: (context) => learn.call(of, context),
    // One that changes while it trains has no weights for the others to begin with.
    from: of.online ? undefined : { of, change: (weights) => [...weights] },
    name: `${of.name}-${by === "mean" ? "soup" : "slerp"}-${members}`,
    formula: `${
      by === "mean" ? "mean" : "spherical mean"
    } of ${members} models, each trained on ${
      100 * BAG
    } % of the rows for 1/${members} of the updates, by: ${of.formula}`,
    source: `bagged model merging (arXiv 2602.05787); ${of.source}`,
    failsWhen:
      `a part of the updates is too short to learn anything, or the start was not trained before, so that the models don't lie in one valley; and when ${of.failsWhen}`,
    merging: { members, by, bag: BAG },
  };
}

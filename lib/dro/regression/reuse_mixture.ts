/** Tasks of which some keep the shares that they had among themselves. */
export interface ReusedMixture {
  /** Names of what is mixed anew: `existing`, then the other tasks. */
  names: string[];
  /**
   * Takes the kept tasks together.
   *
   * @param weights Weights of all tasks, shape `[K]`.
   * @returns Weights of `names`.
   */
  collapse(weights: readonly number[]): number[];
  /**
   * Divides the weight of the kept tasks among them, by their shares.
   *
   * @param weights Weights of `names`.
   * @returns Weights of all tasks, shape `[K]`.
   */
  expand(weights: readonly number[]): number[];
}

/** Name of the tasks that are kept, as in Olmix. */
const KEPT = "existing";

/**
 * Olmix's reuse of a mixture when tasks are added: the shares of the old tasks among
 * themselves stay as an earlier search found them, and count as one source from then on.
 * New runs are needed for that source and the new tasks alone.
 *
 * @param names Names of all tasks, shape `[K]`, all different.
 * @param kept Weights of the old tasks by name, ≥ 0, not all 0.
 * @returns What is mixed, and how to come and go.
 * @throws {RangeError} If a kept task isn't among the names, or nothing is added.
 *
 * @example Usage
 * ```ts
 * import { reuseMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const reuse = reuseMixture(["web", "books", "code"], new Map([["web", 3], ["books", 1]]));
 * assert.deepEqual(reuse.names, ["existing", "code"]);
 * assert.deepEqual(reuse.expand([0.4, 0.6]).map((w) => Math.round(10 * w)), [3, 1, 6]);
 * assert.deepEqual(reuse.collapse([0.25, 0.25, 0.5]), [0.5, 0.5]);
 * ```
 */
export function reuseMixture(
  names: readonly string[],
  kept: ReadonlyMap<string, number>,
): ReusedMixture {
  for (const name of kept.keys()) {
    if (!names.includes(name)) {
      fail(`the kept task ${JSON.stringify(name)} isn't one of the tasks`);
    }
  }
  const isKept = names.map((name) => kept.has(name));
  if (names.includes(KEPT)) fail(`no task may be called ${KEPT}`);
  if (isKept.every(Boolean)) fail("no task is new: there is nothing to mix");
  const total = [...kept.values()].reduce((a, b) => a + b, 0);
  if (!(total > 0 && [...kept.values()].every((w) => w >= 0 && w < Infinity))) {
    fail("kept weights must be finite and >= 0, and not all 0");
  }
  return {
    names: [KEPT, ...names.filter((_, k) => !isKept[k])],
    collapse: (weights) => [
      weights.reduce((sum, w, k) => isKept[k] ? sum + w : sum, 0),
      ...weights.filter((_, k) => !isKept[k]),
    ],
    expand([together, ...others]) {
      let next = 0;
      return names.map((name, k) =>
        isKept[k] ? together! * kept.get(name)! / total : others[next++]!
      );
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot reuse a mixture: ${reason}`);
}

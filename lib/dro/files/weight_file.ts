/**
 * Domain weights with the tasks they belong to, as a weight file holds them
 * (spec section 11). Column k of each list is one task.
 */
export interface WeightFile {
  /** Task names, shape `[K]`, all different. */
  names: string[];
  /** Domain ids, shape `[K]`, all different; not always in order. */
  ids: number[];
  /** Sampling weights, shape `[K]`, ≥ 0; need not sum to 1. */
  weights: number[];
  /** Rows of each task, shape `[K]`, ≥ 1. */
  sizes: number[];
  /**
   * Passes over each task if as many rows are drawn as there are in all tasks
   * together, shape `[K]`: weight · (sum of sizes) / size. Information only.
   */
  epochs: number[];
  /** Number of groups, which the reference may write. */
  groupCount?: number;
  /**
   * Category → task names. If given, the names and weights are those of
   * categories, in each of which the tasks are concatenated.
   */
  categories?: Record<string, string[]>;
}

/** What {@linkcode weightFile} makes a file of. */
export interface WeightFileParts {
  /** Task names, shape `[K]`, all different. */
  names: readonly string[];
  /** Weights, shape `[K]`, finite and ≥ 0. */
  weights: readonly number[];
  /** Rows of each task, shape `[K]`, integers ≥ 1. */
  sizes: readonly number[];
  /** Domain ids, shape `[K]`, all different. Default: 0, 1, 2, … */
  ids?: readonly number[];
}

/**
 * Puts weights and tasks together and works out the passes over each task.
 *
 * @param parts Names, weights, sizes and ids. None at all is allowed: a
 * selection may be empty.
 * @returns The content of a weight file.
 * @throws {RangeError} If lengths differ, a value is out of range, or a name
 * or id appears twice.
 *
 * @example Usage
 * ```ts
 * import { weightFile } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = weightFile({
 *   names: ["nq", "msmarco"],
 *   weights: [0.5, 0.5],
 *   sizes: [100, 300],
 * });
 * assert.deepEqual(file.epochs, [2, 2 / 3]);
 * ```
 */
export function weightFile(parts: WeightFileParts): WeightFile {
  const { names, weights, sizes } = parts;
  const ids = parts.ids ?? names.map((_, k) => k);
  for (const [what, list] of Object.entries({ weights, sizes, ids })) {
    if (list.length !== names.length) {
      fail(
        `${what} must have one entry for each of the ${names.length} names: got ${list.length}`,
      );
    }
  }
  const seen = new Set<string | number>();
  names.forEach((name, k) => {
    const task = JSON.stringify(name);
    if (!(weights[k]! >= 0 && weights[k]! < Infinity)) {
      fail(`the weight of ${task} must be finite and >= 0: got ${weights[k]}`);
    }
    if (!Number.isSafeInteger(sizes[k]) || sizes[k]! < 1) {
      fail(`the size of ${task} must be an integer >= 1: got ${sizes[k]}`);
    }
    if (!Number.isSafeInteger(ids[k]) || ids[k]! < 0) {
      fail(`the id of ${task} must be an integer >= 0: got ${ids[k]}`);
    }
    if (seen.has(name)) fail(`the name ${task} appears twice`);
    if (seen.has(ids[k]!)) fail(`the id ${ids[k]} appears twice`);
    seen.add(name).add(ids[k]!);
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return {
    names: [...names],
    ids: [...ids],
    weights: [...weights],
    sizes: [...sizes],
    epochs: weights.map((weight, k) => weight * total / sizes[k]!),
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot make a weight file: ${reason}`);
}

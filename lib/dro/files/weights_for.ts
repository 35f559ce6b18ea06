import type { WeightFile } from "./weight_file.ts";

/** A file's weights, brought to a suite. */
export interface FittedWeights {
  /** Weights in the order of the suite's tasks, shape `[K]`; need not sum to 1. */
  weights: number[];
  /** Tasks of the file that the suite lacks. */
  unused: string[];
  /** Tasks of the suite that a selection left out, with weight 0. */
  leftOut: string[];
}

/**
 * Brings the weights of a file to a suite. They are matched by name: ids and order
 * may differ (spec section 15, S6). A suite may have fewer tasks than the file: the
 * ratios among them stay. It may have more only if the file is a selection, whose
 * weights are all the same (`selectTop()` makes such): what it left out gets 0.
 *
 * @param names Names of the suite's tasks, shape `[K]`.
 * @param file A weight file.
 * @returns Weights, and the tasks that only one side has.
 * @throws {RangeError} If the file lacks a task and is no selection, or gives all of
 * the suite's tasks the weight 0.
 *
 * @example Usage
 * ```ts
 * import { fitWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = { names: ["nq", "msmarco", "quora"], weights: [0.2, 0.5, 0.3] };
 * const { weights, unused } = fitWeights(["quora", "nq"], file);
 * assert.deepEqual(weights, [0.3, 0.2]);
 * assert.deepEqual(unused, ["msmarco"]);
 * ```
 */
export function fitWeights(
  names: readonly string[],
  file: Readonly<Pick<WeightFile, "names" | "weights">>,
): FittedWeights {
  const byName = new Map(file.names.map((name, k) => [name, file.weights[k]!]));
  const absent = names.filter((name) => !byName.has(name));
  const selection = file.weights.every((weight) => weight === file.weights[0]);
  if (absent.length > 0 && !selection) {
    throw new RangeError(
      `Cannot use these weights: they have none for ${
        absent.join(", ")
      }; use weights learned on this suite, or leave those tasks out`,
    );
  }
  const weights = names.map((name) => byName.get(name) ?? 0);
  if (!weights.some((weight) => weight > 0)) {
    throw new RangeError(
      `Cannot use these weights: none of the suite's ${names.length} tasks has a weight > 0`,
    );
  }
  const wanted = new Set(names);
  return {
    weights,
    unused: file.names.filter((name) => !wanted.has(name)),
    leftOut: absent,
  };
}

/**
 * The weights of a file in the order of a suite's tasks, as {@linkcode fitWeights}
 * finds them.
 *
 * @param names Names of the suite's tasks, shape `[K]`.
 * @param file A weight file.
 * @returns Weights, shape `[K]`.
 * @throws {RangeError} If the file lacks a task and is no selection, or gives all of
 * the suite's tasks the weight 0.
 *
 * @example Usage
 * ```ts
 * import { selectTop, weightFile, weightsFor } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = weightFile({
 *   names: ["nq", "msmarco"],
 *   weights: [0.25, 0.75],
 *   sizes: [10, 10],
 * });
 * assert.deepEqual(weightsFor(["msmarco", "nq"], file), [0.75, 0.25]);
 * assert.throws(() => weightsFor(["msmarco", "trivia"], file), RangeError);
 * assert.deepEqual(weightsFor(["msmarco", "nq"], selectTop(file, 50)), [1, 0]);
 * ```
 */
export function weightsFor(
  names: readonly string[],
  file: WeightFile,
): number[] {
  return fitWeights(names, file).weights;
}

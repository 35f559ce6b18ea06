import type { WeightFile } from "./weight_file.ts";

/**
 * The weights of a file in the order of a suite's tasks. They are matched by
 * name: ids and order may differ (spec section 15, S6). A task that the file
 * lacks has weight 0, as after a selection.
 *
 * @param names Names of the suite's tasks, shape `[K]`.
 * @param file A weight file.
 * @returns Weights, shape `[K]`.
 * @throws {RangeError} If the file is about a task that the suite lacks, or
 * gives all of the suite's tasks the weight 0.
 *
 * @example Usage
 * ```ts
 * import { weightFile, weightsFor } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const file = weightFile({
 *   names: ["nq", "msmarco"],
 *   weights: [0.25, 0.75],
 *   sizes: [10, 10],
 * });
 * assert.deepEqual(weightsFor(["msmarco", "trivia", "nq"], file), [0.75, 0, 0.25]);
 * assert.throws(() => weightsFor(["msmarco"], file), RangeError);
 * ```
 */
export function weightsFor(
  names: readonly string[],
  file: WeightFile,
): number[] {
  const places = new Map(names.map((name, k) => [name, k]));
  const weights = names.map(() => 0);
  file.names.forEach((name, k) => {
    const place = places.get(name);
    if (place === undefined) {
      throw new RangeError(
        `Cannot use these weights: the suite has no task ${
          JSON.stringify(name)
        } (its tasks: ${names.join(", ")}); use weights learned on this suite`,
      );
    }
    weights[place] = file.weights[k]!;
  });
  if (!weights.some((weight) => weight > 0)) {
    throw new RangeError(
      `Cannot use these weights: none of the suite's ${names.length} tasks has a weight > 0`,
    );
  }
  return weights;
}

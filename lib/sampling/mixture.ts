import type { Suite } from "../data/types.ts";

/**
 * How much of each task goes into the mixture:
 *
 * - `"uniform"`: each task the same;
 * - `"proportional"`: by number of training rows;
 * - `{ temperature: t }`: by rows to the power 1/t, so that `1` is
 *   proportional and larger values are closer to uniform; `Infinity` is
 *   uniform. Multilingual models use 3 to 5 (Arivazhagan et al. 2019,
 *   arXiv 1907.05019);
 * - weights, shape `[K]`, or by task name; a task left out has weight 0.
 */
export type MixtureRule =
  | "uniform"
  | "proportional"
  | { temperature: number }
  | readonly number[]
  | { weights: Readonly<Record<string, number>> };

/** Options for {@linkcode mixture}. */
export interface MixtureOptions {
  /**
   * Task names, shape `[K]`, for weights by name and for messages. Default:
   * those of the suite.
   */
  names?: readonly string[];
}

/**
 * Domain weights that sum to 1, i.e. sampling ratios.
 *
 * @param tasks Number of training rows of each task, shape `[K]`, or a suite,
 * whose queries with a relevant passage in the `train` split are counted.
 * @param how The rule.
 * @param options Task names.
 * @returns Weights, shape `[K]`, each ≥ 0, sum 1. Under `"uniform"`,
 * `"proportional"` and temperature a task without rows gets 0.
 * @throws {RangeError} If a number is NaN, infinite or negative, all weights
 * are 0, lengths differ, or a name is unknown.
 *
 * @example Usage
 * ```ts
 * import { mixture } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(mixture([300, 100], "uniform"), [0.5, 0.5]);
 * assert.deepEqual(mixture([300, 100], "proportional"), [0.75, 0.25]);
 * assert.deepEqual(mixture([400, 100], { temperature: 2 }), [2 / 3, 1 / 3]);
 * const names = ["nq", "msmarco"];
 * assert.deepEqual(
 *   mixture([300, 100], { weights: { msmarco: 3, nq: 1 } }, { names }),
 *   [0.25, 0.75],
 * );
 * ```
 */
export function mixture(
  tasks: readonly number[] | Suite,
  how: MixtureRule,
  options: MixtureOptions = {},
): number[] {
  const sizes = "tasks" in tasks ? trainSizes(tasks) : tasks;
  const names = options.names ??
    ("tasks" in tasks ? tasks.tasks.map((task) => task.name) : undefined);
  if (sizes.length === 0) fail("there are no tasks");
  if (names && names.length !== sizes.length) {
    fail(
      `names must have one entry for each of the ${sizes.length} tasks: got ${names.length}`,
    );
  }
  const label = (k: number) =>
    names ? `of task ${JSON.stringify(names[k])}` : `of task ${k}`;
  sizes.forEach((size, k) => {
    if (!(size >= 0 && size < Infinity)) {
      fail(
        `the number of rows ${label(k)} must be finite and >= 0: got ${size}`,
      );
    }
  });
  const weights = unnormalized(sizes, how, names);
  if (weights.length !== sizes.length) {
    fail(
      `weights must have one entry for each of the ${sizes.length} tasks: got ${weights.length}`,
    );
  }
  weights.forEach((weight, k) => {
    if (!(weight >= 0 && weight < Infinity)) {
      fail(`the weight ${label(k)} must be finite and >= 0: got ${weight}`);
    }
  });
  // Divided by the largest first, so that the sum can't overflow.
  const largest = weights.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) {
    fail("every task has weight 0; give at least one task rows and a weight");
  }
  const scaled = weights.map((weight) => weight / largest);
  const total = scaled.reduce((sum, weight) => sum + weight, 0);
  return scaled.map((weight) => weight / total);
}

function unnormalized(
  sizes: readonly number[],
  how: MixtureRule,
  names: readonly string[] | undefined,
): readonly number[] {
  if (how === "uniform") return sizes.map((size) => size > 0 ? 1 : 0);
  if (how === "proportional") return sizes;
  if (isArray(how)) return how;
  if (typeof how === "object" && "temperature" in how) {
    const { temperature } = how;
    if (!(temperature > 0)) {
      fail(`temperature must be > 0: got ${temperature}`);
    }
    // Relative to the largest task: no overflow at low temperatures.
    const largest = sizes.reduce((a, b) => Math.max(a, b), 1);
    return sizes.map((size) =>
      size > 0 ? (size / largest) ** (1 / temperature) : 0
    );
  }
  if (typeof how === "object" && "weights" in how) {
    if (!names) {
      fail("weights by name need the task names; pass a suite, or names");
    }
    const place = new Map(names.map((name, k) => [name, k]));
    const weights = sizes.map(() => 0);
    for (const [name, weight] of Object.entries(how.weights)) {
      const k = place.get(name);
      if (k === undefined) {
        fail(
          `there is no task ${JSON.stringify(name)}; the tasks are ${
            names.join(", ")
          }`,
        );
      }
      weights[k] = weight;
    }
    return weights;
  }
  return fail(`unknown rule: ${JSON.stringify(how)}`);
}

/**
 * Training rows of each task: the queries with a relevant passage in the `train`
 * split.
 *
 * @param suite The tasks.
 * @returns Sizes, shape `[K]`.
 *
 * @example Usage
 * ```ts
 * import { trainSizes } from "@tdro/tdro/sampling";
 * import { taskFromRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ query: "opening hours", passage: "Nine to five", split: "train" }];
 * const task = await taskFromRows(rows, { name: "faq" });
 * assert.deepEqual(trainSizes({ name: "mine", tasks: [task] }), [1]);
 * ```
 */
export function trainSizes(suite: Suite): number[] {
  return suite.tasks.map(({ qrels }) =>
    [...qrels.train?.values() ?? []].filter((judged) =>
      [...judged.values()].some((grade) => grade > 0)
    ).length
  );
}

// Array.isArray alone doesn't narrow a readonly array.
function isArray(how: MixtureRule): how is readonly number[] {
  return Array.isArray(how);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot make a mixture: ${reason}`);
}

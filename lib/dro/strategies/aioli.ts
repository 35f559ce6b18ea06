import { affordable } from "./affordable.ts";
import { checkFinite, softmax } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";

/** Options for {@linkcode aioliStep}. */
export interface AioliStepOptions {
  /** Step size on the log-weights, finite, ≥ 0, no unit. */
  eta: number;
}

/**
 * One step of Aioli (Chen et al. 2024, arXiv 2411.05735): a task's weight grows with how
 * much a little training on it lowers the losses of all tasks,
 *
 * ```text
 * a_j ← a_j · exp(eta · Σ_i Â_ij) / Z,   Â = (A − min(A, 0)) / Σ (A − min(A, 0))
 * ```
 *
 * @param weights Domain weights, shape `[K]`, ≥ 0; a 0 stays 0.
 * @param falls A: entry `[i][j]` is how much the dev loss of task i fell by training on
 * task j; negative where it grew. Shape `[K][K]`.
 * @param options Step size.
 * @returns New weights, shape `[K]`, sum 1; as they were if no loss moved.
 * @throws {RangeError} If shapes don't fit or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { aioliStep } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // Training on task 0 lowers both losses, on task 1 only its own.
 * const [a, b] = aioliStep([0.5, 0.5], [[0.2, 0], [0.2, 0.1]], { eta: 1 });
 * assert.ok(Math.abs(Math.log(a! / b!) - (0.4 - 0.1) / 0.5) < 1e-12);
 * ```
 */
export function aioliStep(
  weights: readonly number[],
  falls: readonly (readonly number[])[],
  { eta }: AioliStepOptions,
): number[] {
  const tasks = weights.length;
  if (falls.length !== tasks || falls.some((row) => row.length !== tasks)) {
    fail(`falls must be a square of the ${tasks} tasks`);
  }
  if (!(eta >= 0 && eta < Infinity)) {
    fail(`eta must be finite and >= 0: got ${eta}`);
  }
  checkFinite(falls.flat(), "falls");
  if (
    weights.some((w) => !(w >= 0 && w < Infinity)) || !weights.some(Boolean)
  ) {
    fail("weights must be finite and >= 0, and not all 0");
  }
  const least = Math.min(0, ...falls.flat());
  const total = falls.flat().reduce((sum, fall) => sum + fall - least, 0);
  return softmax(weights.map((weight, j) => {
    const column = falls.reduce((sum, row) => sum + row[j]! - least, 0);
    return Math.log(weight) + (total > 0 ? eta * column / total : 0);
  }));
}

/** Sum over the rounds of eta / K: about as far log-weights travel. */
const PATH = 5;

/**
 * Aioli: in each round the proxy trains one step on each task in turn, which tells what
 * every task does for the others, and then K steps on the new mixture. Ours: batches of
 * a task alone for learning A (the paper's one-hot factor of 1), eta = 5 K / rounds, and
 * the mean of the weights over the rounds, as the retriever is trained anew.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { aioli } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(aioli().source, /2411\.05735/);
 * ```
 */
export function aioli(): Strategy {
  return {
    name: "aioli",
    source: "Aioli (Chen et al. 2024, arXiv 2411.05735)",
    formula:
      "a_j ← a_j · exp(eta · Σ_i Â_ij) / Z, A_ij = fall of task i's dev loss by a step on task j",
    cost: "N: in rounds of 2 K steps and K + 1 times the dev losses",
    failsWhen:
      "single steps move losses less than noise does, as with many tasks and small dev splits; the order within a round matters",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const tasks = names.length;
      const round = tasks + (tasks + 1) * costs.devLosses;
      const rounds = affordable(context, {
        strategy: "aioli",
        unit: "a round",
        each: round + tasks,
      });
      // What is left over goes into the steps between.
      const between = Math.floor((proxySteps / rounds - round) + 1e-9);
      const eta = PATH * tasks / rounds;
      let weights = names.map(() => 1 / tasks);
      const sums = names.map(() => 0);
      const proxy = await context.proxy(rounds * (tasks + between));
      try {
        for (let r = 0; r < rounds; r++) {
          let before = await proxy.devLosses();
          const falls = names.map(() => names.map(() => 0));
          for (let j = 0; j < tasks; j++) {
            await proxy.train(names.map((_, k) => k === j ? 1 : 0), 1);
            const after = await proxy.devLosses();
            after.forEach((loss, i) => falls[i]![j] = before[i]! - loss);
            before = after;
          }
          weights = aioliStep(weights, falls, { eta });
          weights.forEach((w, k) => sums[k]! += w / rounds);
          await proxy.train(weights, between);
          yield { done: context.spent(), total: proxySteps };
        }
      } finally {
        proxy.dispose();
      }
      return sums;
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step weights by Aioli: ${reason}`);
}

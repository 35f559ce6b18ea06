import { affordable } from "./affordable.ts";
import { lossesAfter } from "./losses_after.ts";
import { checkFinite, relative, softmax } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";

/** Options for {@linkcode leaveOneOutWeights}. */
export interface LeaveOneOutOptions {
  /**
   * Log-ratio of the weights of a task with the largest gain and one with none,
   * finite, ≥ 0. @default {1}
   */
  strength?: number;
}

/**
 * Weights by what each task does for the others: a ∝ exp(strength · gain /
 * max|gain|), where the gain of a task is how much the mean dev loss of the
 * other tasks grows without it.
 *
 * @param withAll Dev losses after training on all tasks, shape `[K]`, K ≥ 2.
 * @param without Row k: dev losses after training on all but task k, shape
 * `[K][K]`; the diagonal isn't used.
 * @param options How strongly gains move the weights.
 * @returns Weights, shape `[K]`, sum 1; uniform if no task changes anything.
 * @throws {RangeError} If shapes don't fit or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { leaveOneOutWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // Without task 0 the others lose, without task 2 they gain.
 * const without = [[0, 1.5, 1.5], [1, 0, 1], [0.8, 0.8, 0]];
 * const [helpful, neutral, harmful] = leaveOneOutWeights([1, 1, 1], without);
 * assert.ok(helpful! > neutral! && neutral! > harmful!);
 * ```
 */
export function leaveOneOutWeights(
  withAll: readonly number[],
  without: readonly (readonly number[])[],
  { strength = 1 }: LeaveOneOutOptions = {},
): number[] {
  const tasks = withAll.length;
  if (tasks < 2) fail(`at least 2 tasks are needed: got ${tasks}`);
  if (
    without.length !== tasks || without.some((row) => row.length !== tasks)
  ) {
    fail(`without must be a square of the ${tasks} tasks`);
  }
  if (!(strength >= 0 && strength < Infinity)) {
    fail(`strength must be finite and >= 0: got ${strength}`);
  }
  checkFinite(withAll, "withAll");
  const gains = without.map((row, k) => {
    const grown = row.flatMap((loss, j) => j === k ? [] : [loss - withAll[j]!]);
    return grown.reduce((a, b) => a + b, 0) / (tasks - 1);
  });
  checkFinite(gains, "gains");
  return softmax(relative(gains).map((gain) => strength * gain));
}

/**
 * Leave-one-out: one proxy on all tasks, and one without each. A run without a
 * task is shorter by that task's share, so that the others get as many batches
 * as in the run on all: the difference is what the task adds, not what its
 * place could have held.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { leaveOneOut } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(leaveOneOut().name, "leave-one-out");
 * ```
 */
export function leaveOneOut(): Strategy {
  return {
    name: "leave-one-out",
    source: "ablation of one task at a time, as in any comparison of data sets",
    formula:
      "a ∝ exp(gain / max|gain|), gain = mean of the others' dev loss without it − with it",
    cost: "N: in K + 1 runs of about equal length, each with its dev losses",
    failsWhen:
      "tasks can stand in for each other (none is missed alone), or a task is of use to itself only: that isn't counted",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const tasks = names.length;
      // S + K · S·(K − 1)/K steps, and K + 1 dev losses.
      const most = affordable(context, {
        strategy: "leave-one-out",
        unit: `a step of each of its ${tasks + 1} runs`,
        each: tasks,
        rest: (tasks + 1) * costs.devLosses,
      });
      const rest = Math.max(1, Math.floor(most * (tasks - 1) / tasks));
      const losses: number[][] = [];
      // The run on all tasks is number K.
      for (let left = tasks; left >= 0; left--) {
        const steps = left === tasks ? most : rest;
        const mixture = names.map((_, k) => k === left ? 0 : 1);
        losses[left] = await lossesAfter(context, mixture, steps);
        yield {
          done: context.spent(),
          total: proxySteps,
          note: left === tasks ? "all tasks" : `without ${names[left]}`,
        };
      }
      return leaveOneOutWeights(losses[tasks]!, losses.slice(0, tasks));
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot weigh by leaving out: ${reason}`);
}

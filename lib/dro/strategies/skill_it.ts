import { affordable } from "./affordable.ts";
import { checkFinite, softmax } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Graph of what each task teaches the others (Chen et al. 2023, arXiv 2307.14430,
 * approximate skills graph): the relative fall of a dev loss, not below 0.
 *
 * @param start Dev losses before any training, shape `[K]`, > 0.
 * @param alone Row i: dev losses after training on task i alone, shape `[K][K]`.
 * @returns A: entry `[i][j]` is what training on task i does for task j, in [0, 1].
 * @throws {RangeError} If shapes don't fit or a loss is out of range.
 *
 * @example Usage
 * ```ts
 * import { skillsGraph } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(skillsGraph([2, 4], [[1, 4], [3, 2]]), [[0.5, 0], [0, 0.5]]);
 * ```
 */
export function skillsGraph(
  start: readonly number[],
  alone: readonly (readonly number[])[],
): number[][] {
  const tasks = start.length;
  if (alone.length !== tasks || alone.some((row) => row.length !== tasks)) {
    fail(`alone must be a square of the ${tasks} tasks`);
  }
  checkFinite([...start, ...alone.flat()], "losses");
  return alone.map((row) =>
    row.map((loss, j) =>
      start[j]! > 0 ? Math.max(0, (start[j]! - loss) / start[j]!) : 0
    )
  );
}

/** Options for {@linkcode skillItWeights}. */
export interface SkillItOptions {
  /** Strength, finite, ≥ 0, no unit. */
  eta: number;
}

/**
 * Weights of Skill-It: a task weighs as much as what it teaches is still needed,
 * a_i = exp(eta · Σ_j A_ij · L_j) / Z, with L the sum of the last losses of each task.
 *
 * @param graph A, shape `[K][K]`, as of {@linkcode skillsGraph}.
 * @param losses Sum of the last dev losses of each task, shape `[K]`.
 * @param options Strength.
 * @returns Weights, shape `[K]`, sum 1.
 * @throws {RangeError} If shapes don't fit or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { skillItWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // Task 0 teaches task 1, which has the larger loss.
 * const [a, b] = skillItWeights([[0, 1], [0, 0]], [1, 3], { eta: 0.5 });
 * assert.ok(Math.abs(Math.log(a! / b!) - 1.5) < 1e-12);
 * ```
 */
export function skillItWeights(
  graph: readonly (readonly number[])[],
  losses: readonly number[],
  { eta }: SkillItOptions,
): number[] {
  const tasks = losses.length;
  if (graph.length !== tasks || graph.some((row) => row.length !== tasks)) {
    fail(`graph must be a square of the ${tasks} tasks`);
  }
  if (!(eta >= 0 && eta < Infinity)) {
    fail(`eta must be finite and >= 0: got ${eta}`);
  }
  checkFinite([...graph.flat(), ...losses], "graph and losses");
  return softmax(
    graph.map((row) =>
      eta * row.reduce((sum, edge, j) => sum + edge * losses[j]!, 0)
    ),
  );
}

/** Dev losses that count, the newest ones. */
const WINDOW = 3;

/** Share of the budget for the graph. */
const GRAPH_SHARE = 0.5;

/**
 * Skill-It: half the budget goes into the graph, with a proxy on each task alone; in the
 * other half a proxy trains on weights that follow its dev losses through the graph.
 * Ours: eta is 1 over the largest edge, the window is 3 rounds, and the result is the
 * mean over the rounds, as the retriever is trained anew.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { skillIt } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(skillIt().source, /2307\.14430/);
 * ```
 */
export function skillIt(): Strategy {
  return {
    name: "skill-it",
    source: "Skill-It (Chen et al. 2023, arXiv 2307.14430)",
    formula:
      "a_i = exp(eta · Σ_j A_ij · L_j) / Z, A_ij = relative fall of task j's dev loss by training on task i alone",
    cost:
      "N: half in K runs on one task each, half in rounds of a step and the dev losses",
    failsWhen:
      "a few steps on a task alone don't tell what it teaches in a mixture, or only what all tasks teach",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const tasks = names.length;
      const forGraph = proxySteps * GRAPH_SHARE - (tasks + 1) * costs.devLosses;
      const alone = Math.max(1, Math.floor(forGraph / tasks + 1e-9));
      const graphCost = tasks * alone + (tasks + 1) * costs.devLosses;
      const rounds = affordable(context, {
        strategy: "skill-it",
        unit: "a round",
        each: 1 + costs.devLosses,
        rest: graphCost,
      });
      const fresh = await context.proxy(alone);
      let start: number[];
      try {
        start = await fresh.devLosses();
      } finally {
        fresh.dispose();
      }
      const after: number[][] = [];
      for (let i = 0; i < tasks; i++) {
        const proxy = await context.proxy(alone);
        try {
          await proxy.train(names.map((_, k) => k === i ? 1 : 0), alone);
          after.push(await proxy.devLosses());
        } finally {
          proxy.dispose();
        }
        yield { done: context.spent(), total: proxySteps, note: names[i]! };
      }
      const graph = skillsGraph(start, after);
      const largest = Math.max(...graph.flat());
      const eta = largest > 0 ? 1 / largest : 0;
      const sums = names.map(() => 0);
      const seen: number[][] = [];
      const proxy = await context.proxy(rounds);
      try {
        for (let round = 0; round < rounds; round++) {
          seen.push(await proxy.devLosses());
          const losses = names.map((_, k) =>
            seen.slice(-WINDOW).reduce((sum, own) => sum + own[k]!, 0)
          );
          const weights = skillItWeights(graph, losses, { eta });
          weights.forEach((w, k) => sums[k]! += w / rounds);
          await proxy.train(weights, 1);
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
  throw new RangeError(`Cannot weigh by Skill-It: ${reason}`);
}

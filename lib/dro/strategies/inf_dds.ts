import { mean } from "../../base/mean.ts";
import { affordable } from "./affordable.ts";
import { checkFinite, relative, softmax } from "./softmax.ts";
import type { Strategy } from "./strategy.ts";

/** Options for {@linkcode infDdsStep}. */
export interface InfDdsStepOptions {
  /** Step size on the log-weights, finite, ≥ 0, no unit. */
  eta: number;
}

/**
 * One step of the sampling policy of Inf-DDS (Doshi et al. 2026, arXiv
 * 2601.21759): REINFORCE on the scores ψ whose softmax P are the weights. Each
 * task's reward R is known, so the expectation is taken, not a sample:
 * ψ ← ψ + eta · K · P · (R − Σ P·R).
 *
 * Rewards are divided by the largest absolute one, and K makes up for the
 * factor P, which is 1/K at the start: then eta means the same for any losses
 * and any number of tasks. Both are ours.
 *
 * @param scores Log-weights (ψ) up to a constant, shape `[K]`, finite.
 * @param rewards Fall of the mean dev loss after a step on each task alone,
 * shape `[K]`.
 * @param options Step size.
 * @returns New scores, shape `[K]`; the inputs aren't changed.
 * @throws {RangeError} If lengths differ or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { infDdsStep } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const scores = infDdsStep([0, 0], [0.2, 0.1], { eta: 1 });
 * // K·P = 1; the rewards are 1 and 1/2, their mean 3/4.
 * assert.deepEqual(scores, [0.25, -0.25]);
 * ```
 */
export function infDdsStep(
  scores: readonly number[],
  rewards: readonly number[],
  { eta }: InfDdsStepOptions,
): number[] {
  if (scores.length !== rewards.length || scores.length === 0) {
    fail(
      `scores and rewards must have one entry for each task: got ${scores.length} and ${rewards.length}`,
    );
  }
  if (!(eta >= 0 && eta < Infinity)) {
    fail(`eta must be finite and >= 0: got ${eta}`);
  }
  checkFinite(scores, "scores");
  checkFinite(rewards, "rewards");
  const chances = softmax(scores);
  const scaled = relative(rewards);
  const baseline = chances.reduce((sum, p, k) => sum + p * scaled[k]!, 0);
  const factor = eta * scores.length;
  return scores.map((score, k) =>
    score + factor * chances[k]! * (scaled[k]! - baseline)
  );
}

/** Sum of eta over all rounds. */
const PATH = 10;

/**
 * Inf-DDS: in each round a copy of the proxy takes one step on each task's next
 * batch, the fall of the mean dev loss is that task's reward for
 * {@linkcode infDdsStep}, and the proxy itself takes one step on a batch drawn
 * by the new weights (the paper moves it towards the copies, weighted by the
 * policy). eta = 10 / rounds, at most 1.
 *
 * @returns The strategy.
 *
 * @example Usage
 * ```ts
 * import { infDds } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.match(infDds().source, /2601\.21759/);
 * ```
 */
export function infDds(): Strategy {
  return {
    name: "inf-dds",
    source: "Inf-DDS (Doshi et al. 2026, arXiv 2601.21759)",
    formula:
      "ψ ← ψ + eta · K · P · (R − Σ P·R), P = softmax(ψ), R = fall of the mean dev loss / max|R|",
    cost: "N: in rounds of K + 1 steps and K + 1 times the dev losses",
    failsWhen:
      "what one step shows isn't what many give: tasks that pay late or teach slowly lose; small dev splits make the rewards noise",
    async *learn(context) {
      const { names, costs, proxySteps } = context;
      const tasks = names.length;
      const rounds = affordable(context, {
        strategy: "inf-dds",
        unit: "a round",
        each: (tasks + 1) * (1 + costs.devLosses),
      });
      const eta = Math.min(1, PATH / rounds);
      let scores = names.map(() => 0);
      const proxy = await context.proxy(rounds);
      try {
        for (let round = 0; round < rounds; round++) {
          const before = mean(await proxy.devLosses());
          const rewards: number[] = [];
          for (let k = 0; k < tasks; k++) {
            const copy = await proxy.copy();
            try {
              await copy.train(names.map((_, j) => j === k ? 1 : 0), 1);
              rewards.push(before - mean(await copy.devLosses()));
            } finally {
              copy.dispose();
            }
          }
          scores = infDdsStep(scores, rewards, { eta });
          const weights = softmax(scores);
          await proxy.train(weights, 1);
          const top = weights.indexOf(Math.max(...weights));
          yield {
            done: context.spent(),
            total: proxySteps,
            note: `most: ${names[top]} ${weights[top]!.toFixed(3)}`,
          };
        }
      } finally {
        proxy.dispose();
      }
      return softmax(scores);
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot step scores by Inf-DDS: ${reason}`);
}

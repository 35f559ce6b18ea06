import { z } from "zod";
import type { OnlineMixture, OnlineObservation } from "./online_mixture.ts";

/** Options for {@linkcode onlineDataMixing}. */
export interface OnlineDataMixingOptions {
  /**
   * Share of a task's old reward that stays when it is drawn, in [0, 1).
   * @default {0.9}
   */
  smoothing?: number;
  /** Updates with uniform weights before the first change. @default {0} */
  warmup?: number;
}

const stateSchema = z.object({
  updates: z.int().min(0),
  rewards: z.array(z.number()),
  exploration: z.number(),
  weights: z.array(z.number()),
});

/**
 * Online data mixing (ODM; Albalak et al. 2023, arXiv 2312.02406): a bandit (Exp3)
 * draws the task of each batch, and its reward is the loss of the batch. No proxy, no
 * reference: it costs nothing beside the training itself.
 *
 * ```text
 * R_i ← α R_i + (1 − α) loss / a_i        for the task i that was drawn
 * ε_t = min(1/K, √(ln K / (K t)))
 * a_i = (1 − K ε_t) · exp(ε_{t−1} R_i) / Σ_j exp(ε_{t−1} R_j) + ε_t
 * ```
 *
 * Where an update holds several tasks, each is a drawn one, with its mean loss.
 *
 * @param tasks Number of tasks K, an integer ≥ 2.
 * @param options Smoothing and warm-up.
 * @returns The mixture, uniform at first.
 * @throws {RangeError} If an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { onlineDataMixing } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = onlineDataMixing(3);
 * for (let step = 0; step < 100; step++) {
 *   // Task 2 has the largest losses.
 *   for (const task of [0, 1, 2]) {
 *     mixture.observe({ losses: [task === 2 ? 4 : 1], domains: [task] });
 *   }
 * }
 * const [a, b, c] = mixture.weights();
 * assert.ok(c! > a! && Math.abs(a! + b! + c! - 1) < 1e-12);
 * ```
 */
export function onlineDataMixing(
  tasks: number,
  { smoothing = 0.9, warmup = 0 }: OnlineDataMixingOptions = {},
): OnlineMixture {
  if (!(Number.isSafeInteger(tasks) && tasks >= 2)) {
    fail(`tasks must be an integer >= 2: got ${tasks}`);
  }
  if (!(smoothing >= 0 && smoothing < 1)) {
    fail(`smoothing must be in [0, 1): got ${smoothing}`);
  }
  if (!(Number.isSafeInteger(warmup) && warmup >= 0)) {
    fail(`warmup must be an integer >= 0: got ${warmup}`);
  }
  let updates = 0;
  let rewards = new Array<number>(tasks).fill(0);
  let exploration = 1 / tasks;
  let weights = new Array<number>(tasks).fill(1 / tasks);
  return {
    weights: () => weights,
    observe(observation) {
      updates++;
      for (const [task, loss] of meanByDomain(observation, tasks)) {
        rewards[task] = smoothing * rewards[task]! +
          (1 - smoothing) * loss / weights[task]!;
      }
      const before = exploration;
      exploration = Math.min(
        1 / tasks,
        Math.sqrt(Math.log(tasks) / (tasks * updates)),
      );
      if (updates <= warmup) return;
      const top = Math.max(...rewards);
      const grown = rewards.map((r) => Math.exp(before * (r - top)));
      const total = grown.reduce((a, b) => a + b, 0);
      weights = grown.map((g) =>
        (1 - tasks * exploration) * g / total + exploration
      );
    },
    state: () => ({ updates, rewards, exploration, weights }),
    restore(state) {
      const parsed = stateSchema.parse(state);
      ({ updates, exploration } = parsed);
      rewards = [...parsed.rewards];
      weights = [...parsed.weights];
    },
  };
}

/** Mean loss of each task that is there, by its id. */
export function meanByDomain(
  { losses, domains }: OnlineObservation,
  tasks: number,
): Map<number, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  domains.forEach((domain, i) => {
    const loss = losses[i];
    if (!(Number.isInteger(domain) && domain >= 0 && domain < tasks)) {
      fail(`domains[${i}] must be an integer in [0, ${tasks}): got ${domain}`);
    }
    if (!(loss! >= -1e-3 && loss! < Infinity)) {
      fail(`losses[${i}] must be finite and >= 0: got ${loss}`);
    }
    const entry = sums.get(domain) ?? { sum: 0, count: 0 };
    entry.sum += Math.max(loss!, 0);
    entry.count++;
    sums.set(domain, entry);
  });
  return new Map(
    [...sums].map(([domain, { sum, count }]) => [domain, sum / count]),
  );
}

function fail(reason: string): never {
  throw new RangeError(`Cannot mix data online: ${reason}`);
}

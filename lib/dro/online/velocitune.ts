import { z } from "zod";
import { meanByDomain } from "./odm.ts";
import type { OnlineMixture } from "./online_mixture.ts";

/** Options for {@linkcode velocityMixture}. */
export interface VelocityMixtureOptions {
  /** Loss of each task before it was learned, shape `[K]`, finite. */
  initial: readonly number[];
  /** Loss of each task that is to be reached, shape `[K]`, finite. */
  target: readonly number[];
  /** Updates between two changes of the weights, an integer ≥ 1. */
  every: number;
}

const stateSchema = z.object({
  updates: z.int().min(0),
  weights: z.array(z.number()),
  sums: z.array(z.number()),
  counts: z.array(z.number()),
  velocities: z.array(z.number()),
});

/**
 * What is left to learn of a task, as Velocitune measures it (Luo et al. 2024, arXiv
 * 2411.14318): 1 at the initial loss, 0 at the target, and within [0, 1] anyway.
 *
 * @param loss The loss now.
 * @param ends Loss at the start, and the one to reach.
 * @returns V, in [0, 1]; 0 where there was nothing to learn.
 *
 * @example Usage
 * ```ts
 * import { learningVelocity } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(learningVelocity(3, { initial: 5, target: 1 }), 0.5);
 * assert.equal(learningVelocity(9, { initial: 5, target: 1 }), 1);
 * ```
 */
export function learningVelocity(
  loss: number,
  { initial, target }: { initial: number; target: number },
): number {
  if (!(initial > target)) return 0;
  return Math.min(1, Math.max(0, (loss - target) / (initial - target)));
}

/**
 * Velocitune: tasks that are far from their target, measured by how far they had to go,
 * gain weight.
 *
 * ```text
 * V_k = clamp((ℓ_k − target_k) / (initial_k − target_k), 0, 1)
 * w_k ← w_k exp(V_k) / Z                                 every m updates
 * ```
 *
 * Ours: ℓ_k is the mean loss in training since the last change; a task that wasn't drawn
 * keeps its V.
 *
 * @param options Initial and target losses, and how often weights change.
 * @returns The mixture, uniform at first.
 * @throws {RangeError} If a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { velocityMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = velocityMixture({ initial: [4, 4], target: [0, 0], every: 1 });
 * mixture.observe({ losses: [4, 2], domains: [0, 1] });
 * const [behind, ahead] = mixture.weights();
 * assert.ok(Math.abs(Math.log(behind! / ahead!) - 0.5) < 1e-12);
 * ```
 */
export function velocityMixture(
  { initial, target, every }: VelocityMixtureOptions,
): OnlineMixture {
  const tasks = initial.length;
  if (tasks < 2) fail(`initial must have at least 2 tasks: got ${tasks}`);
  if (target.length !== tasks) {
    fail(`target must have ${tasks} losses: got ${target.length}`);
  }
  for (const [name, losses] of Object.entries({ initial, target })) {
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) fail(`${name}[${bad}] must be finite: got ${losses[bad]}`);
  }
  if (!(Number.isSafeInteger(every) && every >= 1)) {
    fail(`every must be an integer >= 1: got ${every}`);
  }
  let updates = 0;
  let weights = initial.map(() => 1 / tasks);
  let sums = initial.map(() => 0);
  let counts = initial.map(() => 0);
  let velocities = initial.map((loss, k) =>
    learningVelocity(loss, { initial: loss, target: target[k]! })
  );
  return {
    weights: () => weights,
    observe(observation) {
      updates++;
      for (const [task, loss] of meanByDomain(observation, tasks)) {
        sums[task]! += loss;
        counts[task]!++;
      }
      if (updates % every !== 0) return;
      velocities = velocities.map((before, k) =>
        counts[k] === 0 ? before : learningVelocity(sums[k]! / counts[k]!, {
          initial: initial[k]!,
          target: target[k]!,
        })
      );
      const grown = weights.map((w, k) => w * Math.exp(velocities[k]!));
      const total = grown.reduce((a, b) => a + b, 0);
      weights = grown.map((w) => w / total);
      sums = sums.map(() => 0);
      counts = counts.map(() => 0);
    },
    state: () => ({ updates, weights, sums, counts, velocities }),
    restore(state) {
      const parsed = stateSchema.parse(state);
      ({ updates, weights, velocities } = parsed);
      sums = [...parsed.sums];
      counts = [...parsed.counts];
    },
  };
}

function fail(reason: string): never {
  throw new RangeError(`Cannot mix by velocity: ${reason}`);
}

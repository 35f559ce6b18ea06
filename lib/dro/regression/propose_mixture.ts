import { capPasses, type CapPassesOptions } from "../cap_passes.ts";
import type { MixingLaw } from "./mixing_law.ts";

/** Options for {@linkcode proposeMixture}. */
export interface ProposeMixtureOptions {
  /** Mixture to stay near, shape `[K]`, ≥ 0; need not sum to 1. @default {uniform} */
  prior?: readonly number[];
  /** Strength of KL(p ‖ prior), > 0. @default {0.1} */
  kl?: number;
  /** How much each law counts, shape `[laws]`, ≥ 0. @default {alike} */
  importance?: readonly number[];
  /** Bound on the passes over a task's rows. @default {none} */
  bound?: CapPassesOptions;
}

/** Steps at most; a hundred suffice as a rule. */
const STEPS = 20_000;

/** Relative change of the weights at which the search ends. */
const STILL = 1e-10;

/**
 * The mixture with the lowest mean of what several laws foretell, near a prior: Olmix's
 * exact proposer. The problem is convex,
 *
 * ```text
 * min_p Σ_i ω_i exp(t_i · p) + kl · Σ_k p_k log(p_k / q_k),   Σ p = 1, p ≤ bound
 * ```
 *
 * and solved by mirror descent, whose steps stay within the bound by `capPasses()`.
 *
 * @param laws A law for each task or metric, shape `[laws]` of K slopes each.
 * @param options Prior, strength, importance, bound.
 * @returns Weights, shape `[K]`, sum 1. A task of prior 0 stays out.
 * @throws {RangeError} If shapes don't fit or a value is out of range.
 *
 * @example Usage
 * ```ts
 * import { proposeMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // Task 0 lowers the loss, task 1 raises it.
 * const laws = [{ floor: 1, slopes: [-1, 1] }];
 * const near = proposeMixture(laws, { kl: 10 });
 * const far = proposeMixture(laws, { kl: 0.1 });
 * assert.ok(near[0]! > 0.5 && far[0]! > near[0]!);
 * ```
 */
export function proposeMixture(
  laws: readonly MixingLaw[],
  {
    prior = laws[0]?.slopes.map(() => 1) ?? [],
    kl = 0.1,
    importance = laws.map(() => 1),
    bound,
  }: ProposeMixtureOptions = {},
): number[] {
  check(laws, { prior, kl, importance });
  const within = (weights: number[]) =>
    bound ? capPasses(weights, bound) : weights;
  const total = importance.reduce((a, b) => a + b, 0);
  const q = normalised(prior);
  const grown = (weights: readonly number[]) =>
    laws.map(({ slopes }, i) =>
      importance[i]! / total *
      Math.exp(slopes.reduce((sum, t, k) => sum + t * weights[k]!, 0))
    );
  const value = (weights: readonly number[]) =>
    grown(weights).reduce((a, b) => a + b, 0) + kl * divergence(weights, q);
  let weights = within([...q]);
  let now = value(weights);
  let rate = 1;
  for (let step = 0; step < STEPS; step++) {
    const heights = grown(weights);
    const slope = weights.map((w, k) =>
      w === 0
        ? 0
        : laws.reduce((sum, law, i) => sum + heights[i]! * law.slopes[k]!, 0) +
          kl * Math.log(w / q[k]!)
    );
    let next = weights;
    let after = now;
    for (; rate > 1e-12; rate /= 2) {
      next = within(normalised(
        softly(weights, slope.map((g) => -rate * g)),
      ));
      after = value(next);
      const fall = slope.reduce(
        (sum, g, k) => sum + g * (next[k]! - weights[k]!),
        0,
      );
      // The step's own model of the function must lie above it.
      if (after <= now + fall + divergence(next, weights) / rate + 1e-15) break;
    }
    const change = Math.max(
      ...next.map((w, k) => w === 0 ? 0 : Math.abs(w - weights[k]!) / w),
    );
    [weights, now] = [next, after];
    if (change < STILL) break;
    rate *= 1.5;
  }
  return weights;
}

/** Weights times exp(logs), of which none falls to 0: it could never rise again. */
function softly(weights: readonly number[], logs: readonly number[]): number[] {
  const top = Math.max(...logs.filter((_, k) => weights[k]! > 0));
  return weights.map((w, k) =>
    w === 0 ? 0 : Math.max(w * Math.exp(logs[k]! - top), 1e-200)
  );
}

/** KL(p ‖ q). */
function divergence(p: readonly number[], q: readonly number[]): number {
  return p.reduce(
    (sum, w, k) => sum + (w > 0 ? w * Math.log(w / q[k]!) : 0),
    0,
  );
}

function normalised(values: readonly number[]): number[] {
  const total = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / total);
}

function check(
  laws: readonly MixingLaw[],
  { prior, kl, importance }: Required<Omit<ProposeMixtureOptions, "bound">>,
): void {
  if (laws.length === 0) fail("laws must hold at least one: got none");
  const tasks = prior.length;
  laws.forEach(({ slopes }, i) => {
    if (slopes.length !== tasks || !slopes.every(Number.isFinite)) {
      fail(`laws[${i}] must have ${tasks} finite slopes: got ${slopes.length}`);
    }
  });
  if (importance.length !== laws.length) {
    fail(
      `importance must have ${laws.length} numbers: got ${importance.length}`,
    );
  }
  for (const [name, list] of Object.entries({ prior, importance })) {
    if (list.every((w) => w >= 0 && w < Infinity) && list.some(Boolean)) {
      continue;
    }
    fail(`${name} must be finite and >= 0, and not all 0`);
  }
  if (!(kl > 0 && kl < Infinity)) fail(`kl must be finite and > 0: got ${kl}`);
}

function fail(reason: string): never {
  throw new RangeError(`Cannot propose a mixture: ${reason}`);
}

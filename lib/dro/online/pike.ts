import { z } from "zod";
import type { GradientMeasure, OnlineMixture } from "./online_mixture.ts";

/** Options for {@linkcode pikeMixture}. */
export interface PikeMixtureOptions {
  /** Updates of the whole training, ≥ 1. */
  steps: number;
  /** Changes of the weights in it, about, ≥ 1. @default {20} */
  changes?: number;
  /**
   * ζ₁ times the number of changes: about how far log-weights travel by their
   * gradients' norm. @default {5}
   */
  signal?: number;
  /** ζ₂ times the number of changes, for the variance. @default {5} */
  noise?: number;
}

const stateSchema = z.object({
  updates: z.int().min(0),
  weights: z.array(z.number()),
  sums: z.array(z.tuple([z.number(), z.number(), z.number()])),
  estimates: z.array(z.tuple([z.number(), z.number()]).nullable()),
  scale: z.number(),
});

/**
 * PiKE (Li et al. 2025, arXiv 2502.06244, algorithm 1): tasks whose gradient is long, and
 * known well, are drawn more, as a step on them lowers the sum of the losses most where
 * gradients don't conflict.
 *
 * ```text
 * w_k ← w_k exp(ζ₁ ‖∇L_k‖² − ζ₂ σ_k² / 2b) / Z        every T₀ updates
 * ```
 *
 * Ours: an update has one task, and halves of its batch give the estimates (see
 * `halfGradients()`), averaged since the last change; a task that wasn't drawn keeps
 * its own, and one that never was counts as the mean of the others. ‖∇L‖² and σ²/b are
 * divided by the largest mean of their sum so far, the squared length of a batch's
 * gradient, so that ζ needn't be tuned to the model.
 *
 * @param tasks Number of tasks K, an integer ≥ 2.
 * @param options Length of the training, and step sizes.
 * @returns The mixture, uniform at first.
 * @throws {RangeError} If a value is out of range, or an update tells no gradient.
 *
 * @example Usage
 * ```ts
 * import { pikeMixture } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const mixture = pikeMixture(2, { steps: 2, changes: 1 });
 * for (const [domain, signal] of [[0, 3], [1, 1]] as const) {
 *   mixture.observe({ losses: [1], domains: [domain], gradient: { signal, noise: 0 } });
 * }
 * const [long, short] = mixture.weights();
 * assert.ok(Math.abs(Math.log(long! / short!) - 5 * (3 - 1) / 2) < 1e-9); // a mean of 2
 * ```
 */
export function pikeMixture(
  tasks: number,
  { steps, changes = 20, signal = 5, noise = 5 }: PikeMixtureOptions,
): OnlineMixture {
  if (!(Number.isSafeInteger(tasks) && tasks >= 2)) {
    fail(`tasks must be an integer >= 2: got ${tasks}`);
  }
  for (const [name, value] of Object.entries({ steps, changes })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      fail(`${name} must be an integer >= 1: got ${value}`);
    }
  }
  for (const [name, value] of Object.entries({ signal, noise })) {
    if (!(value >= 0 && value < Infinity)) {
      fail(`${name} must be finite and >= 0: got ${value}`);
    }
  }
  const every = Math.max(1, Math.round(steps / changes));
  const rounds = steps / every;
  const empty = () =>
    Array.from({ length: tasks }, (): [number, number, number] => [0, 0, 0]);

  let updates = 0;
  let weights = new Array<number>(tasks).fill(1 / tasks);
  /** Signal, noise and count since the last change. */
  let sums = empty();
  let estimates = new Array<[number, number] | null>(tasks).fill(null);
  let scale = 0;

  const change = () => {
    estimates = estimates.map((before, k) => {
      const [long, wide, count] = sums[k]!;
      return count === 0 ? before : [Math.max(0, long / count), wide / count];
    });
    sums = empty();
    const known = estimates.filter((estimate) => estimate !== null);
    const mean = [0, 1].map((i) =>
      known.reduce((sum, estimate) => sum + estimate[i]!, 0) / known.length
    ) as [number, number];
    scale = Math.max(scale, mean[0] + mean[1]);
    if (scale === 0) return; // no gradient at all
    const logs = weights.map((w, k) => {
      const [long, wide] = estimates[k] ?? mean;
      return Math.log(w) +
        (signal * long - noise * wide / 2) / (scale * rounds);
    });
    const top = Math.max(...logs);
    const grown = logs.map((log) => Math.exp(log - top));
    const total = grown.reduce((a, b) => a + b, 0);
    weights = grown.map((w) => w / total);
  };

  return {
    needs: "gradient",
    weights: () => weights,
    observe({ domains, gradient }) {
      const [task] = domains;
      checkOne(domains, tasks);
      checkMeasure(gradient);
      updates++;
      const own = sums[task!]!;
      sums = sums.with(task!, [
        own[0] + gradient.signal,
        own[1] + gradient.noise,
        own[2] + 1,
      ]);
      if (updates % every === 0) change();
    },
    state: () => ({ updates, weights, sums, estimates, scale }),
    restore(state) {
      ({ updates, weights, sums, estimates, scale } = stateSchema.parse(state));
    },
  };
}

/** An update of one task. */
function checkOne(domains: readonly number[], tasks: number): void {
  const [first] = domains;
  if (!(Number.isInteger(first) && first! >= 0 && first! < tasks)) {
    fail(`domains[0] must be an integer in [0, ${tasks}): got ${first}`);
  }
  if (domains.some((domain) => domain !== first)) {
    fail("domains must be of one task: got several");
  }
}

function checkMeasure(
  gradient: GradientMeasure | undefined,
): asserts gradient is GradientMeasure {
  if (
    gradient && Number.isFinite(gradient.signal) &&
    Number.isFinite(gradient.noise)
  ) return;
  fail(
    `gradient must have a finite signal and noise: got ${
      JSON.stringify(gradient)
    }`,
  );
}

function fail(reason: string): never {
  throw new RangeError(`Cannot mix by PiKE: ${reason}`);
}

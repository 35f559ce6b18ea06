import { z } from "zod";
import { type LossBalance, partsOfBatch, spread } from "./loss_balance.ts";

/** Options for {@linkcode gradNormBalance}. */
export interface GradNormOptions {
  /** How strongly tasks that learn slowly are raised, ≥ 0. @default {1.5} */
  alpha?: number;
  /** Step size on the weights, > 0, no unit. @default {0.025} */
  rate?: number;
}

/** What a step of {@linkcode gradNormSlopes} looks at; all of the tasks in the update. */
export interface GradNormTask {
  /** Weight of its loss. */
  weight: number;
  /** Norm of its loss's gradient, without the weight. */
  norm: number;
  /** Loss now, over the first one. */
  progress: number;
}

/** Least weight: one at 0 would have no gradient to come back by. */
const LEAST = 1e-3;

const stateSchema = z.object({
  weights: z.array(z.number()),
  first: z.array(z.number().nullable()),
});

/**
 * Slopes of GradNorm's own loss by the weights (Chen et al. 2018, arXiv 1711.02257):
 * Σ_k |w_k n_k − Ḡ r_k^α|, with Ḡ the mean of w_k n_k and r_k the progress
 * over its mean, both constants.
 *
 * @param tasks The tasks of the update, at least 1.
 * @param alpha Strength.
 * @returns Slope by each weight.
 *
 * @example Usage
 * ```ts
 * import { gradNormSlopes } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const task = { weight: 1, progress: 1 };
 * const slopes = gradNormSlopes([{ ...task, norm: 3 }, { ...task, norm: 1 }], 1.5);
 * assert.deepEqual(slopes, [3, -1]); // the longer gradient is to lose weight
 * ```
 */
export function gradNormSlopes(
  tasks: readonly GradNormTask[],
  alpha: number,
): number[] {
  const mean = (of: (task: GradNormTask) => number) =>
    tasks.reduce((sum, task) => sum + of(task), 0) / tasks.length;
  const length = mean(({ weight, norm }) => weight * norm);
  const progress = mean((task) => task.progress);
  return tasks.map((task) => {
    const relative = progress > 0 ? task.progress / progress : 1;
    const target = length * relative ** alpha;
    return Math.sign(task.weight * task.norm - target) * task.norm;
  });
}

/**
 * Weighs the tasks of an update so that their gradients have like norms, longer for
 * those that learn slowly (GradNorm; Chen et al. 2018, arXiv 1711.02257). Each update
 * steps the weights of its tasks down {@linkcode gradNormSlopes}, and their sum stays.
 *
 * Ours: norms are over all parameters that are trained, not the last shared layer; a
 * step is divided by the mean norm, so that the rate needn't be tuned to the model; no
 * weight falls below 0.001. Costs a backward pass for each task of an update, and memory
 * for the gradient of each.
 *
 * @param tasks Number of tasks K.
 * @param options Strength and rate.
 * @returns What weighs examples in `train()`.
 * @throws {RangeError} If an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { gradNormBalance } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const { weigh, state } = gradNormBalance(2, { rate: 0.1 });
 * const batch = { examples: [{ domain: 0 }, { domain: 1 }] } as never;
 * // Gradients of lengths 3 and 1, at right angles.
 * await weigh(Float32Array.of(1, 1), batch, () => Promise.resolve([[9, 0], [0, 1]]));
 * const { weights: [long, short] } = state() as { weights: number[] };
 * assert.ok(long! < 1 && short! > 1 && Math.abs(long! + short! - 2) < 1e-12);
 * ```
 */
export function gradNormBalance(
  tasks: number,
  { alpha = 1.5, rate = 0.025 }: GradNormOptions = {},
): LossBalance {
  if (!(alpha >= 0 && alpha < Infinity)) {
    fail(`alpha must be finite and >= 0: got ${alpha}`);
  }
  if (!(rate > 0 && rate < Infinity)) {
    fail(`rate must be finite and > 0: got ${rate}`);
  }
  let weights = new Array<number>(tasks).fill(1);
  let first = new Array<number | null>(tasks).fill(null);
  return {
    async weigh(losses, batch, gradientProducts) {
      const parts = partsOfBatch(losses, batch);
      const examples = parts.map(({ task }) => weights[task]!);
      const products = await gradientProducts(parts.map((part) => {
        const own = new Array<number>(losses.length).fill(0);
        for (const i of part.examples) own[i] = 1 / part.examples.length;
        return own;
      }));
      first = first.map((known, k) =>
        known ?? parts.find(({ task }) => task === k)?.loss ?? null
      );
      const seen = parts.map(({ task, loss }, p): GradNormTask => ({
        weight: weights[task]!,
        norm: Math.sqrt(Math.max(0, products[p]![p]!)),
        progress: first[task]! > 0 ? loss / first[task]! : 1,
      }));
      weights = stepped(weights, parts.map(({ task }) => task), {
        slopes: gradNormSlopes(seen, alpha),
        scale: seen.reduce((sum, { norm }) => sum + norm, 0) / seen.length,
        rate,
      });
      return spread(parts, examples);
    },
    state: () => ({ weights, first }),
    restore: (state) => void ({ weights, first } = stateSchema.parse(state)),
  };
}

/** Weights after a step of those that are present, whose sum stays as it was. */
function stepped(
  weights: readonly number[],
  present: readonly number[],
  { slopes, scale, rate }: { slopes: number[]; scale: number; rate: number },
): number[] {
  if (!(scale > 0)) return [...weights];
  const before = present.reduce((sum, task) => sum + weights[task]!, 0);
  const after = present.map((task, p) =>
    Math.max(LEAST, weights[task]! - rate * slopes[p]! / scale)
  );
  const total = after.reduce((a, b) => a + b, 0);
  return present.reduce(
    (all, task, p) => all.with(task, after[p]! * before / total),
    [...weights],
  );
}

function fail(reason: string): never {
  throw new RangeError(`Cannot balance gradient norms: ${reason}`);
}

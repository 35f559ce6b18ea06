import { sum } from "../base/mean.ts";

/** Options for {@linkcode capPasses}. */
export interface CapPassesOptions {
  /** Rows of each task, shape `[K]`, integers ≥ 1. */
  sizes: readonly number[];
  /** Rows that the training run will draw in all, an integer ≥ 1. */
  draws: number;
  /** Most passes over a task that are expected, finite, > 0. */
  maxPasses: number;
}

/**
 * How far above its bound a weight counts as at it, relative: several times
 * the rounding of the sums, so that capping what is capped changes no bit.
 */
const ROUNDING = 1e-12;

/**
 * Lowers the weights of tasks that would be drawn more than `maxPasses` times
 * their rows, and gives the excess to the other tasks in proportion to their
 * weights. That may lift further ones above their bound, so it goes on until
 * none is above (water-filling; at most K rounds). Of all mixtures that hold
 * the bound it is the closest, by KL(result ‖ weights).
 *
 * Draws are the expected ones, weight · draws / (sum of weights). A task of
 * weight 0 stays out, and weights that hold the bound come back unchanged.
 *
 * @param weights Sampling weights, shape `[K]`, each finite and ≥ 0, not all
 * 0; need not sum to 1.
 * @param options Sizes, draws and the bound.
 * @returns New weights, shape `[K]`, with the sum of the given ones.
 * @throws {RangeError} If lengths differ, a value is out of range, or the rows
 * of the tasks with a weight don't suffice.
 *
 * @example Usage
 * ```ts
 * import { capPasses } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * // 500 of 1000 draws from 100 rows would be 5 passes; 2 passes are 200 draws.
 * const weights = capPasses([0.5, 0.25, 0.25], {
 *   sizes: [100, 1000, 1000],
 *   draws: 1000,
 *   maxPasses: 2,
 * });
 * assert.deepEqual(weights, [0.2, 0.4, 0.4]);
 * ```
 */
export function capPasses(
  weights: readonly number[],
  options: CapPassesOptions,
): number[] {
  checkInputs(weights, options);
  const { sizes, draws, maxPasses } = options;
  const total = sum(weights);
  const caps = sizes.map((size) => size * maxPasses / draws * total);
  const part = weights.flatMap((weight, k) => weight > 0 ? [k] : []);
  const room = sum(part.map((k) => caps[k]!));
  if (room < total * (1 - ROUNDING)) {
    const rows = sum(part.map((k) => sizes[k]!));
    fail(
      `${maxPasses} passes over the ${rows} rows of the ${part.length} tasks with a weight are ${
        short(rows * maxPasses)
      } draws: fewer than ${draws}; allow ${
        short(Math.ceil(100 * draws / rows) / 100)
      } passes, or draw less`,
    );
  }
  const result = [...weights];
  const isAbove = (k: number) => result[k]! > caps[k]! * (1 + ROUNDING);
  let free = part;
  let above = free.filter(isAbove);
  while (above.length > 0) {
    for (const k of above) result[k] = caps[k]!;
    free = free.filter((k) => !above.includes(k));
    const capped = part.filter((k) => !free.includes(k));
    // All at their bounds leaves rounding only.
    const left = Math.max(total - sum(capped.map((k) => caps[k]!)), 0);
    const scale = left / sum(free.map((k) => weights[k]!));
    for (const k of free) result[k] = weights[k]! * scale;
    above = free.filter(isAbove);
  }
  return result;
}

function checkInputs(
  weights: readonly number[],
  { sizes, draws, maxPasses }: CapPassesOptions,
): void {
  if (sizes.length !== weights.length) {
    fail(
      `sizes must have one entry for each of the ${weights.length} weights: got ${sizes.length}`,
    );
  }
  weights.forEach((weight, k) => {
    if (!(weight >= 0 && weight < Infinity)) {
      fail(`weights[${k}] must be finite and >= 0: got ${weight}`);
    }
    if (!Number.isSafeInteger(sizes[k]) || sizes[k]! < 1) {
      fail(`sizes[${k}] must be an integer >= 1: got ${sizes[k]}`);
    }
  });
  if (!(sum(weights) > 0 && sum(weights) < Infinity)) {
    fail(`at least one of the ${weights.length} weights must be > 0`);
  }
  if (!Number.isSafeInteger(draws) || draws < 1) {
    fail(`draws must be an integer >= 1: got ${draws}`);
  }
  if (!(maxPasses > 0 && maxPasses < Infinity)) {
    fail(`maxPasses must be finite and > 0: got ${maxPasses}`);
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function fail(reason: string): never {
  throw new RangeError(`Cannot cap passes: ${reason}`);
}

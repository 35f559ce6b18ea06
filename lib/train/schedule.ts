/**
 * How the learning rate moves over a run: `"linear"` and `"cosine"` fall after
 * the warm-up; `"constant"` has no warm-up.
 */
export type Schedule =
  | "constant"
  | "constant-with-warmup"
  | "linear"
  | "cosine";

const SCHEDULES: readonly Schedule[] = [
  "constant",
  "constant-with-warmup",
  "linear",
  "cosine",
];

/** Options for {@linkcode learningRateFactor}. */
export interface LearningRateFactorOptions {
  /** Form of the schedule. @default {"linear"} */
  schedule?: Schedule;
  /** Updates of the run (T), ≥ 0. */
  totalSteps: number;
  /** Updates over which the rate rises from 0 (w), ≥ 0. @default {0} */
  warmupSteps?: number;
  /**
   * Factor at the end (m), in [0, 1]; for `"linear"` and `"cosine"`.
   * @default {0}
   */
  minRatio?: number;
}

/**
 * What the base learning rate is multiplied by at an update (spec section 12):
 *
 * - in the warm-up, s / w: the first update has factor 0;
 * - then `"linear"` (T − s) / (T − w) and `"cosine"`
 *   (1 + cos(π (s − w) / (T − w))) / 2, both scaled into [m, 1], and m after T;
 * - `"constant"` 1 always, `"constant-with-warmup"` 1 after the warm-up.
 *
 * @param step Number of the update (s), from 0.
 * @param options Schedule, length and warm-up.
 * @returns Factor in [0, 1].
 * @throws {RangeError} If a number is out of range or the schedule unknown.
 *
 * @example Usage
 * ```ts
 * import { learningRateFactor } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * const options = { schedule: "linear", totalSteps: 10, warmupSteps: 2 } as const;
 * const factors = [0, 1, 2, 6, 10].map((s) => learningRateFactor(s, options));
 * assert.deepEqual(factors, [0, 0.5, 1, 0.5, 0]);
 * ```
 */
export function learningRateFactor(
  step: number,
  options: LearningRateFactorOptions,
): number {
  const { schedule = "linear", totalSteps, warmupSteps = 0, minRatio = 0 } =
    options;
  for (
    const [name, value] of Object.entries({ step, totalSteps, warmupSteps })
  ) {
    if (!(value >= 0 && value < Infinity)) {
      fail(`${name} must be finite and >= 0: got ${value}`);
    }
  }
  if (!(minRatio >= 0 && minRatio <= 1)) {
    fail(`minRatio must be in [0, 1]: got ${minRatio}`);
  }
  if (!SCHEDULES.includes(schedule)) {
    fail(`schedule must be one of ${SCHEDULES.join(", ")}: got ${schedule}`);
  }
  if (schedule === "constant") return 1;
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  const length = Math.max(1, totalSteps - warmupSteps);
  if (schedule === "constant-with-warmup") return 1;
  // The cosine would rise again after the end.
  if (step > totalSteps) return minRatio;
  const fall = schedule === "linear"
    ? (totalSteps - step) / length
    : (1 + Math.cos(Math.PI * (step - warmupSteps) / length)) / 2;
  return fall * (1 - minRatio) + minRatio;
}

function fail(reason: string): never {
  throw new RangeError(`Cannot compute a learning rate: ${reason}`);
}

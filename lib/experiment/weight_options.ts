import { z } from "zod";
import { LARGEST_BATCH } from "../base/defaults.ts";
import { LOSS_MEASURES } from "../base/loss_measures.ts";
import type { LossMeasure, StepWeightsOptions } from "../dro/mod.ts";
import type { TaskDraw } from "../sampling/mod.ts";

/** Settings of stage 1, which learns the weights. */
export interface WeightOptions {
  /** Updates of the weights and the proxy. */
  weightSteps: number;
  /** Queries per update of the weights, of mixed tasks. */
  weightBatchSize: number;
  /** Passages per query in stage 1. */
  weightPassages: number;
  /** How the tasks of stage 1's batches are drawn. */
  weightDraw: TaskDraw;
  /** How often stage 1 is repeated with another seed; log-weights are averaged. */
  weightSeeds: number;
  /**
   * Noise of the weights to choose `weightSteps` and `weightBatchSize` for, where they
   * are left at their defaults; absent: they are taken as they are.
   */
  weightNoise?: number | undefined;
  /** How a task's losses become its measure. */
  measure: LossMeasure;
  /** Reference loss below which an example counts as easy; absent: 1e-4. */
  referenceFloor?: number | undefined;
  /** Batch size at which that floor holds; absent: the batch's own. */
  floorAsAt?: number | undefined;
  /** Step size on the log-weights; absent: 20 / weightSteps, at most 0.25. */
  eta?: number | undefined;
}

const positive = () => z.number().int().min(1);

/** The settings of stage 1 as commands and the library take them. */
export const weightShape = {
  weightSteps: positive().default(100).describe(
    "Updates of weights and proxy (stage 1)",
  ),
  weightBatchSize: positive().max(LARGEST_BATCH).default(32).describe(
    "Queries per update of the weights, of mixed tasks",
  ),
  weightPassages: z.number().int().min(2).default(3).describe(
    "Passages per query in stage 1",
  ),
  weightDraw: z.enum(["stratified", "independent"]).default("stratified")
    .describe(
      "How stage 1 draws the tasks of a batch: every task its share of each " +
        "batch, or each row by itself, as the reference code does; that " +
        "doubles the noise of the weights",
    ),
  weightSeeds: positive().max(100).default(1).describe(
    "How often to run stage 1, each time with another seed; the weights are the mean of their logarithms",
  ),
  weightNoise: z.number().gt(0).optional().describe(
    "Choose weight steps and weight batch size, where they are left out, so that weights of tasks that don't differ spread by this much: 0.05 is about 5 %",
  ),
  measure: z.enum(LOSS_MEASURES).default("released").describe(
    "How losses become a task's measure: as the reference code does, by " +
      "the paper's formula, the excess loss, the excess loss relative to the " +
      "reference's, or the loss alone",
  ),
  referenceFloor: z.number().gt(0).optional().describe(
    "Reference loss below which an example counts as easy and is damped: a share of the sum over the batch or, by the paper's formula, nats; default 0.0001",
  ),
  floorAsAt: positive().optional().describe(
    "Apply that floor as in a batch of so many examples; 512, the released one, makes it 5 % of the mean; default: the batch's own size",
  ),
  eta: z.number().min(0).optional().describe(
    "Step size on the log-weights; default 20 / weight steps, the path length of the released run (0.02 × 1000), but at most 0.25",
  ),
};

/** Step size on the log-weights of these settings. */
export function weightEta(
  { eta, weightSteps }: Pick<WeightOptions, "eta" | "weightSteps">,
): number {
  // The released run takes 1000 steps of 0.02; a shorter one takes longer steps,
  // so that its weights can travel as far; 0.25 is the reference code's default.
  return eta ?? Math.min(0.25, 20 / weightSteps);
}

/** Measure and step size: what losses need to become weights. */
export type WeightUpdate =
  & Required<Pick<StepWeightsOptions, "measure" | "eta">>
  & Pick<StepWeightsOptions, "referenceFloor" | "floorAsAt">;

/** The update of the weights that these settings ask for. */
export function weightUpdate(
  options: Pick<
    WeightOptions,
    "measure" | "eta" | "weightSteps" | "referenceFloor" | "floorAsAt"
  >,
): WeightUpdate {
  const update: WeightUpdate = {
    measure: options.measure,
    eta: weightEta(options),
  };
  const { referenceFloor, floorAsAt } = options;
  if (referenceFloor !== undefined) update.referenceFloor = referenceFloor;
  if (floorAsAt !== undefined) update.floorAsAt = floorAsAt;
  return update;
}

/** The same losses, read by another measure. */
export function otherUpdate(
  { measure, eta }: WeightUpdate,
): WeightUpdate {
  return { measure: otherMeasure(measure), eta };
}

/** The released measure, or the paper's where that is the chosen one. */
export function otherMeasure(measure: LossMeasure): LossMeasure {
  return measure === "released" ? "ratio-of-means" : "released";
}

/** Measures that compare with the reference's losses after dividing by a norm. */
const NORMED: readonly LossMeasure[] = ["released", "relative-difference"];

/** Refuses a floor that the measure doesn't have. */
export function refuseIdleFloor(
  { measure, referenceFloor, floorAsAt }: Pick<
    WeightOptions,
    "measure" | "referenceFloor" | "floorAsAt"
  >,
): void {
  const normed = NORMED.includes(measure);
  const idle = floorAsAt !== undefined && !normed
    ? "--floor-as-at"
    : referenceFloor !== undefined && !normed && measure !== "ratio-of-means"
    ? "--reference-floor"
    : undefined;
  if (idle === undefined) return;
  throw new RangeError(
    `Cannot run the experiment: ${idle} does nothing with --measure ${measure}; leave it out, or use --measure released`,
  );
}

import { z } from "zod";
import type { ChanceBand, WeightState } from "../../dro/mod.ts";
import { keptStepSchema } from "../dev/kept_step.ts";
import type { ArmRecord } from "./arm_record.ts";

// What a stage leaves for the next try, and what it looks into when it takes that up.

const number = z.number();
const numbers = z.array(number);

/** Weights that chance alone gives each task. */
export const chanceSchema: z.ZodType<ChanceBand[]> = z.array(
  z.tuple([number, number]),
);

/** Rows drawn from each task. */
export const drawnSchema: z.ZodType<number[]> = z.array(z.int().min(0));

/** What was done to train an arm. */
export const armRecordSchema: z.ZodType<ArmRecord> = z.object({
  format: z.literal("tdro-arm/1"),
  about: z.string(),
  weights: numbers,
  sizes: z.array(z.int().min(0)),
  drawn: drawnSchema,
  dev: keptStepSchema.optional(),
});

/** A state of domain weights. */
export const weightStateSchema: z.ZodType<WeightState> = z.object({
  updates: z.int().min(0),
  pending: z.int().min(0),
  accumulated: numbers,
  logWeights: z.array(number.nullable()),
  curr: numbers,
  mean: numbers,
  ema: numbers,
  gradient: numbers,
  first: numbers,
  second: numbers,
});

/** What stage 1 learned. */
export const learnedSchema: z.ZodType<
  { chosen: WeightState; other: WeightState }
> = z.object({ chosen: weightStateSchema, other: weightStateSchema });

/** Seconds of the parts of an arm. */
export const secondsSchema: z.ZodType<
  { learn: number; train: number; evaluate: number }
> = z.object({ learn: number, train: number, evaluate: number });

/** An arm of an arena; its evaluation is read by itself. */
export const armSchema: z.ZodType<{ formula: string }> = z.looseObject({
  formula: z.string(),
  strategy: z.string(),
  seed: number,
  weights: numbers,
  proxySteps: number,
  referenceSteps: number,
  weightsOf: z.string().optional(),
  chance: chanceSchema.optional(),
  dataUsed: number,
  rowsSeen: number,
  seconds: secondsSchema,
});

/** What mining made of a task, and by which settings. */
export const minedSchema: z.ZodType<
  {
    settings: unknown;
    statistics: Record<string, number>;
    sha256?: string | undefined;
  }
> = z.object({
  settings: z.unknown(),
  statistics: z.record(z.string(), number),
  sha256: z.string().optional(),
});

import { z } from "zod";
import type { PackedLosses } from "../../dro/mod.ts";
import { LineLog } from "./line_log.ts";

/** One line of `metrics.jsonl`: what one update did. */
export interface MetricsLine {
  /** Stage of the run. */
  stage: string;
  /** Number of the update within its stage, from 0. */
  step: number;
  /** Mean of what was differentiated. */
  loss: number;
  /** Mean loss by task name, of the tasks in the update. */
  lossByTask: Record<string, number>;
  /** Weight of the losses of each of them, 1 for all alike; with `balance` alone. */
  lossWeightByTask?: Record<string, number>;
  /** Mean loss of the reference model by task name (stage 1). */
  referenceLossByTask?: Record<string, number>;
  /** Domain weights after the update, in the suite's order (stage 1). */
  weights?: number[];
  /** Weights that the other measure would give on the same losses (stage 1). */
  otherWeights?: number[];
  /** Losses of every example, from which the weights can be learned again (stage 1). */
  examples?: PackedLosses;
  /** Norm of all gradients before clipping. */
  gradNorm: number;
  /** Learning rate. */
  learningRate: number;
  /** Tokens encoded, padding left out. */
  tokens: number;
  /** Wall time in seconds. */
  seconds: number;
}

const number = z.number();

/** What a line must hold for whoever reads it. */
const schema = z.looseObject({
  stage: z.string(),
  step: z.int().min(0),
  loss: number.nullable(),
  lossByTask: z.record(z.string(), number.nullable()).optional(),
  referenceLossByTask: z.record(z.string(), number.nullable()).optional(),
  weights: z.array(number).optional(),
  examples: z.looseObject({
    losses: z.array(number),
    references: z.array(number).nullable(),
    domains: z.array(z.int().min(0)),
  }).optional(),
});

/** The log of a run: a line per update, appended as it happens. */
export class MetricsLog extends LineLog<MetricsLine> {
  /** @param folder The run's folder. */
  constructor(folder: string) {
    super(folder, "metrics.jsonl", schema);
  }
}

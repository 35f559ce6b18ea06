import { z } from "zod";
import {
  type ExperimentOptions,
  experimentShape,
} from "./experiment_options.ts";
import type { WeightOptions } from "./weight_options.ts";

/** Settings of one retriever: those of an experiment that it needs. */
export type RetrieverSettings = Omit<
  ExperimentOptions,
  keyof WeightOptions | "topPercent" | "maxPasses"
>;

const {
  weightSteps: _weightSteps,
  weightBatchSize: _weightBatchSize,
  weightPassages: _weightPassages,
  weightDraw: _weightDraw,
  weightSeeds: _weightSeeds,
  weightNoise: _weightNoise,
  measure: _measure,
  referenceFloor: _referenceFloor,
  floorAsAt: _floorAsAt,
  eta: _eta,
  topPercent: _topPercent,
  maxPasses: _maxPasses,
  ...shape
} = experimentShape;

/** The object schema of {@linkcode RetrieverSettings}; commands extend it. */
export const retrieverShape: typeof shape = shape;

/** The options of an adapter, for commands; `loraConfig()` has the defaults. */
export const loraShape = {
  rank: z.number().int().positive().optional().describe(
    "Train a LoRA adapter of this rank instead of the whole model",
  ),
  alpha: z.number().positive().optional().describe(
    "LoRA's alpha: the adapter's output is scaled by alpha / rank; default 32",
  ),
  dropout: z.number().min(0).lt(1).optional().describe(
    "Dropout rate of the adapter's input; default 0.1",
  ),
  targets: z.array(z.string()).optional().meta({ placeholder: "NAME" })
    .describe(
      "Linear layers that get an adapter, e.g. q_proj,v_proj; default: all " +
        "in the layers",
    ),
  rsLora: z.boolean().optional().describe(
    "Scale by alpha / sqrt(rank) instead",
  ),
};

import { learningRateFactor, type TrainOptions } from "../../train/mod.ts";
import { type ExperimentOptions, peakRate } from "../experiment_options.ts";

/**
 * Options of the optimiser and length limits, the same in every stage.
 *
 * @param options Settings of the run.
 * @param totalSteps Updates that the learning rate's schedule spans.
 */
export function trainingOptions(
  options: ExperimentOptions,
  totalSteps: number,
): TrainOptions {
  const rate = peakRate(options);
  const schedule = {
    schedule: "cosine",
    totalSteps,
    warmupSteps: Math.ceil(totalSteps * options.warmup),
    minRatio: 0.1,
  } as const;
  return {
    // The first update would have rate 0 (spec S15): start the warm-up at 1.
    learningRate: (step) => rate * learningRateFactor(step + 1, schedule),
    weightDecay: options.weightDecay,
    queryLength: options.queryLength,
    passageLength: options.passageLength,
    precision: options.precision,
    dropout: options.hiddenDropout,
    seed: options.seed,
    trainEmbeddings: options.trainEmbeddings,
    freeze: options.freeze,
    checkpointing: options.checkpointing,
    slots: options.deterministicSlots,
    gradientSum: options.gradientSum,
    gradCache: options.chunkTokens
      ? { tokens: options.chunkTokens }
      : undefined,
  };
}

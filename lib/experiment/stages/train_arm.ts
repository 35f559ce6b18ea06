import { join } from "node:path";
import type { Suite, TrainExample } from "../../data/mod.ts";
import {
  cloneEncoder,
  disposeEncoder,
  type Encoder,
  loadEncoder,
  saveEncoder,
} from "../../model/mod.ts";
import { batches, type SamplerCursor } from "../../sampling/mod.ts";
import {
  AdamW,
  infoNce,
  learningRateFactor,
  train,
  trainable,
  type TrainOptions,
} from "../../train/mod.ts";
import { CheckpointKeeper, newestCheckpoint } from "./checkpoints.ts";
import { type ExperimentOptions, peakRate } from "../experiment_options.ts";
import type { MetricsLog } from "./metrics_log.ts";
import type { ProgressEvent } from "../progress_event.ts";
import { readResult } from "./read_result.ts";

/** What every stage that trains needs. */
export interface StageInput {
  /** Settings of the run. */
  options: ExperimentOptions;
  /** The tasks. */
  suite: Suite;
  /** Training rows of each task. */
  rows: readonly (readonly TrainExample[])[];
  /** Where every arm starts; it stays as it is. */
  base: Encoder;
  /** The run's log. */
  log: MetricsLog;
  /** Stops the work at the next update; a checkpoint is left. */
  signal?: AbortSignal | undefined;
}

/** One arm of the comparison. */
export interface Arm {
  /** Its name, also that of its folder under `models/`. */
  name: string;
  /** Sampling weight of each task, shape `[K]`. */
  weights: readonly number[];
}

/** A trained arm. */
export interface TrainedArm {
  /** The model; the caller frees it. */
  encoder: Encoder;
  /** Folder it was saved in. */
  folder: string;
  /** Rows drawn from each task, shape `[K]`. */
  drawn: number[];
}

/** Options of the optimiser and length limits, the same in every stage. */
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
    ...(options.chunkTokens
      ? { gradCache: { tokens: options.chunkTokens } }
      : {}),
  };
}

/**
 * Trains one retriever (stage 0, or 2): homogeneous batches drawn by the arm's
 * weights, InfoNCE with in-batch and hard negatives. Seeds, steps and the rest
 * are the same for every arm; the last step's model counts. Goes on from a
 * checkpoint if an earlier try left one.
 */
export async function* trainArm(
  { options, suite, rows, base, log, signal }: StageInput,
  { name, weights }: Arm,
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { steps, seed, out } = options;
  const folder = join(out, "models", name);
  // Written last, so it tells that the arm is done.
  const drawnBefore = await readResult<number[]>(join(folder, "drawn.json"));
  if (drawnBefore) {
    yield { stage: name, label: `${name}: trained before`, done: 1, total: 1 };
    return { encoder: await loadEncoder(folder), folder, drawn: drawnBefore };
  }
  const checkpoints = join(out, "checkpoints", name);
  const keeper = new CheckpointKeeper(checkpoints, options.checkpointEvery);
  const training = trainingOptions(options, steps);
  const resumed = await newestCheckpoint(checkpoints, training);
  const encoder = resumed?.encoder ?? cloneEncoder(base);
  const optimizer = resumed?.optimizer ??
    new AdamW(trainable(encoder, training), training);
  let cursor: SamplerCursor | undefined = resumed?.state.cursor;
  await log.rewind(name, optimizer.step);

  const label = `training ${name}`;
  yield { stage: name, label, done: optimizer.step, total: steps };
  const drawn = batches(rows, weights, {
    size: options.batchSize,
    seed,
    passages: options.passages,
    names: suite.tasks.map((t) => t.name),
    ...(options.prompts ? { prompts: suite.tasks.map((t) => t.prompt) } : {}),
    count: steps,
    ...(cursor ? { cursor } : {}),
  });
  let finished = false;
  try {
    const updates = train(encoder, drawn, {
      ...training,
      loss: infoNce({ temperature: options.temperature }),
      optimizer,
    });
    for await (const step of updates) {
      cursor = step.cursor;
      await log.append({
        stage: name,
        step: step.step,
        loss: step.loss,
        lossByTask: meanByTask(suite, step.domains, step.losses),
        gradNorm: step.gradNorm,
        learningRate: step.learningRate,
        tokens: step.tokens,
        seconds: step.seconds,
      });
      await keeper.after({ encoder, optimizer, state: { cursor } });
      yield {
        stage: name,
        label,
        done: step.step + 1,
        total: steps,
        note: `loss ${step.loss.toFixed(3)}`,
      };
      signal?.throwIfAborted();
    }
    await saveEncoder(encoder, folder);
    await Deno.writeTextFile(
      join(folder, "drawn.json"),
      JSON.stringify(cursor!.drawn) + "\n",
    );
    await keeper.drop();
    finished = true;
    return { encoder, folder, drawn: cursor!.drawn };
  } finally {
    if (!finished) {
      await keeper.save();
      disposeEncoder(encoder);
    }
    optimizer.dispose();
  }
}

/** Mean loss by task name, of the tasks that are there. */
export function meanByTask(
  suite: Suite,
  domains: readonly number[],
  losses: readonly number[],
): Record<string, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  domains.forEach((domain, i) => {
    const entry = sums.get(domain) ?? { sum: 0, count: 0 };
    entry.sum += losses[i]!;
    entry.count++;
    sums.set(domain, entry);
  });
  return Object.fromEntries(
    [...sums].sort(([a], [b]) => a - b)
      .map(([k, { sum, count }]) => [suite.tasks[k]!.name, sum / count]),
  );
}

import {
  type Suite,
  type TrainExample,
  trainExamples,
} from "../../data/mod.ts";
import { cloneEncoder, disposeEncoder } from "../../model/mod.ts";
import { batches, createRng } from "../../sampling/mod.ts";
import { AdamW, lossBalance, train, trainable } from "../../train/mod.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { samplerOptions } from "../stages/stage_input.ts";
import { retrieverLoss } from "../stages/retriever_loss.ts";
import { trainingOptions } from "../stages/training_options.ts";
import type { ArmTraining } from "../stages/train_arm.ts";
import type { MeasuredUpdates } from "./run_plan.ts";

/** Updates that are made: the first one also sets things up. */
export const MEASURED = 3;

/**
 * Makes three updates of a copy of the start, to see what they take. Negatives are
 * drawn at random, as none are mined yet; the copy goes afterwards.
 *
 * @param input Start, tasks and settings.
 */
export async function measureUpdates(
  input: Pick<StageInput, "base" | "suite" | "options" | "signal">,
): Promise<MeasuredUpdates> {
  const { suite, options } = input;
  return await timeUpdates(input, {
    rows: rowsWithNegatives(suite, options),
    training: (encoder) => ({
      // The rows made up here have no teacher's scores, which cost next to nothing.
      loss: retrieverLoss({ ...options, distillation: undefined }, encoder),
      ...options.balance && {
        weigh: lossBalance(options.balance, {
          tasks: suite.tasks.length,
          seed: options.seed,
        }).weigh,
      },
    }),
  });
}

/** What {@linkcode timeUpdates} trains. */
export interface TimedTraining
  extends Pick<ArmTraining, "training" | "sampling"> {
  /** Rows of each task. */
  rows: readonly (readonly TrainExample[])[];
}

/**
 * Makes three updates of a copy of the start; the copy goes afterwards.
 *
 * @param input Start, tasks and settings.
 * @param timed What is trained on, and how.
 */
export async function timeUpdates(
  { base, suite, options, signal }: Pick<
    StageInput,
    "base" | "suite" | "options" | "signal"
  >,
  { rows, training: how, sampling }: TimedTraining,
): Promise<MeasuredUpdates> {
  const encoder = cloneEncoder(base);
  const training = trainingOptions(options, options.steps);
  const optimizer = new AdamW(trainable(encoder, training), training);
  const drawn = batches(rows, rows.map(() => 1), {
    ...samplerOptions({ options, suite }),
    ...sampling,
    count: MEASURED,
  });
  const times: number[] = [];
  let memory = 0;
  try {
    const updates = train(encoder, drawn, {
      ...training,
      ...how(encoder),
      optimizer,
    });
    for await (const { seconds, tokens } of updates) {
      times.push(seconds / tokens);
      memory = Math.max(memory, Deno.memoryUsage().rss);
      signal?.throwIfAborted();
    }
  } finally {
    optimizer.dispose();
    disposeEncoder(encoder);
  }
  const [, median] = times.sort((a, b) => a - b);
  return { secondsPerToken: median!, memory };
}

/** Rows of each task, enough for the updates, with passages of the corpus. */
function rowsWithNegatives(
  suite: Suite,
  { batchSize, passages, seed }: StageInput["options"],
): TrainExample[][] {
  const rng = createRng(seed, "plan");
  return trainExamples(suite).map((rows, k) => {
    const corpus = [...suite.tasks[k]!.corpus.values()];
    return rows.slice(0, MEASURED * batchSize).map((row) => ({
      ...row,
      negatives: Array.from(
        { length: passages - 1 },
        () => corpus[rng.int(corpus.length)]!,
      ),
    }));
  });
}

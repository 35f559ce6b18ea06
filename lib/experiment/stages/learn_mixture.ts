import { join } from "node:path";
import {
  initialWeightState,
  learnWeights,
  packLosses,
  saveWeightFiles,
  stepWeights,
  type StepWeightsOptions,
  weightFile,
  type WeightState,
  writeWeightFile,
} from "../../dro/mod.ts";
import { writeWhole } from "../../data/mod.ts";
import { cloneEncoder, disposeEncoder, type Encoder } from "../../model/mod.ts";
import { batches, mixture, type SamplerCursor } from "../../sampling/mod.ts";
import { AdamW, trainable } from "../../train/mod.ts";
import { CheckpointKeeper, newestCheckpoint } from "./checkpoints.ts";
import { type ExperimentOptions, weightEta } from "../experiment_options.ts";
import type { ProgressEvent } from "../progress_event.ts";
import { readResult } from "./read_result.ts";
import { meanByTask, type StageInput, trainingOptions } from "./train_arm.ts";

/** What stage 1 learned. */
export interface LearnedWeights {
  /** Weights by the chosen measure. */
  chosen: WeightState;
  /**
   * Weights that the other reading of the measure gives on the same losses. The
   * proxy was trained with the chosen ones, so this is a shadow, not a run.
   */
  other: WeightState;
}

/** Name of the stage in progress, log and checkpoints. */
export const WEIGHT_STAGE = "weights";

/** The reading of the measure that is not the chosen one. */
export function otherMeasure(
  measure: ExperimentOptions["measure"],
): ExperimentOptions["measure"] {
  return measure === "released" ? "ratio-of-means" : "released";
}

/**
 * Stage 1: learns the domain weights with a proxy that starts where the
 * retrievers start. Mixed batches, uniform over tasks; hard negatives only.
 */
export async function* learnStage(
  input: StageInput,
  reference: Encoder,
): AsyncGenerator<ProgressEvent, LearnedWeights> {
  const { options } = input;
  const stateFile = join(options.out, "weights", "state.json");
  const before = await readResult<LearnedWeights>(stateFile);
  if (before) {
    yield {
      stage: WEIGHT_STAGE,
      label: "weights learned before",
      done: 1,
      total: 1,
    };
    return before;
  }
  const update = { eta: weightEta(options), measure: options.measure };
  return yield* learnByLosses(input, reference, {
    name: WEIGHT_STAGE,
    label: `learning weights (${options.measure})`,
    steps: options.weightSteps,
    update,
    shadow: { ...update, measure: otherMeasure(options.measure) },
    save: (learned) => saveWeights(input, learned),
  });
}

/** How weights are learned from losses. */
export interface LossStage {
  /** Name in progress, log and checkpoints. */
  name: string;
  /** What progress shows. */
  label: string;
  /** Updates of proxy and weights. */
  steps: number;
  /** Measure, step size and the rest. */
  update: StepWeightsOptions;
  /** Another reading of the same losses, kept beside. */
  shadow?: StepWeightsOptions;
  /** Keeps the result; the checkpoints go only afterwards. */
  save(learned: LearnedWeights): Promise<void>;
}

/**
 * Learns weights from a proxy's losses, from a checkpoint on if an earlier try
 * left one. Without a shadow, `other` stays where it starts.
 */
export async function* learnByLosses(
  { options, suite, rows, base, log, signal }: StageInput,
  reference: Encoder | undefined,
  { name, label, steps: total, update, shadow, save }: LossStage,
): AsyncGenerator<ProgressEvent, LearnedWeights> {
  const checkpoints = join(options.out, "checkpoints", name);
  const keeper = new CheckpointKeeper(checkpoints, options.checkpointEvery);
  const training = trainingOptions(options, total);
  const resumed = await newestCheckpoint(checkpoints, training);
  const proxy = resumed?.encoder ?? cloneEncoder(base);
  const optimizer = resumed?.optimizer ??
    new AdamW(trainable(proxy, training), training);
  const start = mixture(suite, "uniform");
  let learned: LearnedWeights = resumed?.state.extra as LearnedWeights ??
    { chosen: initialWeightState(start), other: initialWeightState(start) };
  const cursor: SamplerCursor | undefined = resumed?.state.cursor;
  await log.rewind(name, optimizer.step);

  yield { stage: name, label, done: optimizer.step, total };
  const drawn = batches(rows, start, {
    size: options.weightBatchSize,
    seed: options.seed,
    passages: options.weightPassages,
    homogeneous: false,
    names: suite.tasks.map((t) => t.name),
    ...(options.prompts ? { prompts: suite.tasks.map((t) => t.prompt) } : {}),
    count: total,
    ...(cursor ? { cursor } : {}),
  });
  let finished = false;
  try {
    const steps = learnWeights(drawn, {
      ...training,
      proxy,
      ...(reference ? { reference } : {}),
      optimizer,
      state: learned.chosen,
      update,
      infoNce: { temperature: options.temperature },
    });
    for await (const step of steps) {
      learned = {
        chosen: step.state,
        other: shadow
          ? stepWeights(learned.other, step, shadow)
          : learned.other,
      };
      await log.append({
        stage: name,
        step: step.step,
        loss: step.loss,
        lossByTask: meanByTask(suite, step.domains, step.losses),
        ...(reference
          ? {
            referenceLossByTask: meanByTask(
              suite,
              step.domains,
              step.referenceLosses,
            ),
          }
          : {}),
        weights: learned.chosen.curr,
        ...(shadow ? { otherWeights: learned.other.curr } : {}),
        examples: packLosses({
          ...step,
          referenceLosses: reference ? step.referenceLosses : null,
        }),
        gradNorm: step.gradNorm,
        learningRate: step.learningRate,
        tokens: step.tokens,
        seconds: step.seconds,
      });
      await keeper.after({
        encoder: proxy,
        optimizer,
        state: { cursor: step.cursor, extra: learned },
      });
      const top = learned.chosen.curr.indexOf(Math.max(...learned.chosen.curr));
      yield {
        stage: name,
        label,
        done: step.step + 1,
        total,
        note: `most: ${suite.tasks[top]!.name} ${
          learned.chosen.curr[top]!.toFixed(3)
        }`,
      };
      signal?.throwIfAborted();
    }
    await save(learned);
    await keeper.drop();
    finished = true;
    return learned;
  } finally {
    if (!finished) await keeper.save();
    optimizer.dispose();
    disposeEncoder(proxy);
  }
}

/**
 * Writes what was learned: `weights.json` (the weights; the reference code
 * loads it), beside it in `weights/` the means, selections and the other
 * reading, and last the state, whose presence tells that the stage is done.
 */
async function saveWeights(
  { options, suite, rows }: StageInput,
  learned: LearnedWeights,
): Promise<void> {
  const tasks = {
    names: suite.tasks.map((t) => t.name),
    sizes: rows.map((r) => r.length),
  };
  const folder = join(options.out, "weights");
  await saveWeightFiles(folder, learned.chosen, tasks);
  await writeWeightFile(
    join(folder, `shadow_${otherMeasure(options.measure)}_weights.json`),
    weightFile({ ...tasks, weights: learned.other.curr }),
  );
  await writeWeightFile(
    join(options.out, "weights.json"),
    weightFile({ ...tasks, weights: learned.chosen.curr }),
  );
  await writeWhole(join(folder, "state.json"), JSON.stringify(learned) + "\n");
}

import { join } from "node:path";
import { writeChecksums } from "../../base/files/checksums.ts";
import { exists } from "../../base/files/exists.ts";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
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
import type { Encoder } from "../../model/mod.ts";
import { mixture } from "../../sampling/mod.ts";
import { type ExperimentOptions, weightEta } from "../experiment_options.ts";
import { refuseDamage } from "./refuse_damage.ts";
import { meanByTask, resumableStage } from "./resumable_stage.ts";
import type { StageInput } from "./stage_input.ts";
import { learnedSchema } from "./result_schemas.ts";

/** What stage 1 learned. */
export interface LearnedWeights {
  /** Weights by the chosen measure. */
  chosen: WeightState;
  /**
   * Weights that {@linkcode otherMeasure} gives on the same losses. The
   * proxy was trained with the chosen ones, so this is a shadow, not a run.
   */
  other: WeightState;
}

/** Name of the stage in progress, log and checkpoints. */
export const WEIGHT_STAGE = "weights";

/** The released measure, or the paper's where that is the chosen one. */
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
  const folder = join(options.out, "weights");
  const stateFile = join(folder, "state.json");
  if (await exists(stateFile)) await refuseDamage(folder);
  const before = await readJsonIfThere(stateFile, learnedSchema);
  if (before) {
    yield {
      stage: WEIGHT_STAGE,
      label: "weights already learned",
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
export function learnByLosses(
  input: StageInput,
  reference: Encoder | undefined,
  { name, label, steps, update, shadow, save }: LossStage,
): AsyncGenerator<ProgressEvent, LearnedWeights> {
  const { options, suite } = input;
  const names = suite.tasks.map((task) => task.name);
  const start = mixture(suite, "uniform");
  let learned: LearnedWeights = {
    chosen: initialWeightState(start),
    other: initialWeightState(start),
  };
  return resumableStage(input, {
    name,
    label,
    steps,
    weights: start,
    sampling: {
      size: options.weightBatchSize,
      passages: options.weightPassages,
      homogeneous: false,
      taskDraw: options.weightDraw,
    },
    resume(extra) {
      if (extra) learned = extra as LearnedWeights;
    },
    async *updates({ encoder, optimizer, drawn, training }) {
      const updates = learnWeights(drawn, {
        ...training,
        proxy: encoder,
        reference,
        optimizer,
        state: learned.chosen,
        update,
        infoNce: { temperature: options.temperature },
      });
      for await (const step of updates) {
        const { other } = learned;
        learned = {
          chosen: step.state,
          other: shadow ? stepWeights(other, step, shadow) : other,
        };
        yield step;
      }
    },
    extra: () => learned,
    line: (step) => ({
      referenceLossByTask: reference &&
        meanByTask(names, step.domains, step.referenceLosses),
      weights: learned.chosen.curr,
      otherWeights: shadow && learned.other.curr,
      examples: packLosses({
        ...step,
        referenceLosses: reference ? step.referenceLosses : null,
      }),
    }),
    note() {
      const { curr } = learned.chosen;
      const top = curr.indexOf(Math.max(...curr));
      return `most: ${names[top]} ${curr[top]!.toFixed(3)}`;
    },
    async save() {
      await save(learned);
      return learned;
    },
    keepsEncoder: false,
  });
}

/**
 * Writes what was learned: `weights.json` (the weights; the reference code
 * loads it), then in `weights/` the means, selections, the other measure's
 * weights, and the state: the folder's presence tells that the stage is done.
 */
async function saveWeights(
  { options, suite, rows }: StageInput,
  learned: LearnedWeights,
): Promise<void> {
  const tasks = {
    names: suite.tasks.map((t) => t.name),
    sizes: rows.map((r) => r.length),
  };
  await writeWeightFile(
    join(options.out, "weights.json"),
    weightFile({ ...tasks, weights: learned.chosen.curr }),
  );
  const folder = join(options.out, "weights");
  await writeFolder(folder, {
    overwrite: true,
    what: `the weights ${folder}`,
    async fill(partial) {
      await saveWeightFiles(partial, learned.chosen, tasks);
      await writeWeightFile(
        join(partial, `shadow_${otherMeasure(options.measure)}_weights.json`),
        weightFile({ ...tasks, weights: learned.other.curr }),
      );
      await writeJson(join(partial, "state.json"), learned, 0);
      await writeChecksums(partial);
    },
  });
}

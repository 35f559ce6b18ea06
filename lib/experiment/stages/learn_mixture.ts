import { join } from "node:path";
import { writeChecksums } from "../../base/files/checksums.ts";
import { exists } from "../../base/files/exists.ts";
import { makeFolder } from "../../base/files/make_folder.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import {
  initialWeightState,
  learnWeights,
  meanWeightState,
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
import { refuseDamage } from "./refuse_damage.ts";
import { meanByTask, resumableStage } from "./resumable_stage.ts";
import { trainedLengths } from "./retriever_loss.ts";
import type { StageInput } from "./stage_input.ts";
import { learnedSchema } from "./result_schemas.ts";
import { seedsOfWeights } from "./weight_stages.ts";
import { weightStage } from "../../base/weight_stage.ts";
import { otherMeasure, otherUpdate, weightUpdate } from "../weight_options.ts";

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

/**
 * Stage 1: learns the domain weights with a proxy that starts where the
 * retrievers start. Mixed batches, uniform over tasks; hard negatives only. With
 * several seeds it does so with each, and averages the log-weights.
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
      stage: weightStage(0),
      label: "weights already learned",
      done: 1,
      total: 1,
    };
    return before;
  }
  const update = weightUpdate(options);
  const seeds = seedsOfWeights(options);
  const each: LearnedWeights[] = [];
  for (const [i, seed] of seeds.entries()) {
    const file = join(options.out, SEEDS_FOLDER, `${i + 1}.json`);
    const kept = await readSealed(file, {
      schema: learnedSchema,
      mend: "remove it to learn these weights anew",
    });
    each.push(
      kept ?? (yield* learnByLosses(
        {
          ...input,
          options: { ...options, seed },
        },
        reference,
        {
          name: weightStage(i),
          label: `learning weights (${options.measure})${
            seeds.length > 1 ? `, seed ${i + 1} of ${seeds.length}` : ""
          }`,
          steps: options.weightSteps,
          update,
          shadow: otherUpdate(update),
          async save(learned) {
            if (seeds.length === 1) return await saveWeights(input, learned);
            await makeFolder(join(options.out, SEEDS_FOLDER));
            await writeSealed(file, learned, 0);
          },
        },
      )),
    );
  }
  if (each.length === 1) return each[0]!;
  const learned = {
    chosen: meanWeightState(each.map(({ chosen }) => chosen)),
    other: meanWeightState(each.map(({ other }) => other)),
  };
  await saveWeights(input, learned);
  return learned;
}

/** What each of several seeds learned, in the run's folder. */
const SEEDS_FOLDER = "weights_by_seed";

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
      tasksPerBatch: 1,
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
        matryoshka: trainedLengths(options, encoder),
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

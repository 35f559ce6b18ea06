import { join } from "node:path";
import { writeChecksums } from "../../base/files/checksums.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import { type Encoder, loadEncoder, saveEncoder } from "../../model/mod.ts";
import {
  halfGradients,
  type OnlineMixture,
  type OnlineTraining,
  tracked,
} from "../../dro/mod.ts";
import type { BatchesOptions } from "../../sampling/mod.ts";
import {
  type BalanceName,
  type DevState,
  train,
  type TrainOptions,
} from "../../train/mod.ts";
import { writeCard } from "../card/write_card.ts";
import { DevWatch } from "../dev/dev_watch.ts";
import type { KeptStep } from "../dev/kept_step.ts";
import { balancedLosses } from "./balanced_losses.ts";
import { retrieverLoss } from "./retriever_loss.ts";
import { resumableStage } from "./resumable_stage.ts";
import { refuseDamage } from "./refuse_damage.ts";
import type { StageInput } from "./stage_input.ts";
import { type ArmRecord, keptOf, readArm, writeArm } from "./arm_record.ts";
import { asTrained } from "./as_trained.ts";

/** One arm of the comparison. */
export interface Arm {
  /** Its name, also that of its folder under `models/`. */
  name: string;
  /** Sampling weight of each task, shape `[K]`. */
  weights: readonly number[];
  /** How the weights came about, one sentence. */
  about: string;
  /** How the tasks of an update are weighed, where not as the settings say. */
  balance?: BalanceName | undefined;
  /** Makes what changes the weights while the arm trains, if anything does. */
  online?:
    | ((training: Pick<OnlineTraining, "sizes" | "steps">) => OnlineMixture)
    | undefined;
}

/** How an arm is trained, and how its model is kept. */
export interface ArmTraining {
  /** Loss of the model that is trained, and what stays as it is. */
  training(
    encoder: Encoder,
  ): Pick<TrainOptions, "loss" | "frozenPassages" | "weigh">;
  /** How batches are drawn, where not as for a retriever. */
  sampling?: Partial<BatchesOptions>;
  /** The model with the lengths and prompts that it is kept with. */
  asKept(encoder: Encoder): Encoder;
  /** Loads what `save` wrote. */
  load(folder: string): Promise<Encoder>;
  /** Writes the model's files. */
  save(encoder: Encoder, folder: string): Promise<void>;
  /** Writes the model's card, as far as it is known. */
  card(folder: string, arm: ArmRecord): Promise<void>;
}

/** A retriever: one encoder, by InfoNCE with in-batch and hard negatives. */
function retrieverTraining(input: StageInput, name: string): ArmTraining {
  const { options, suite } = input;
  return {
    training: (encoder) => ({ loss: retrieverLoss(options, encoder) }),
    asKept: (encoder) => asTrained(encoder, input),
    load: loadEncoder,
    save: saveEncoder,
    card: (folder, arm) => writeCard(folder, { name, arm, options, suite }),
  };
}

/** What a checkpoint of an arm keeps beside the sampler's state. */
interface ArmExtra {
  /** Where the evaluations stand. */
  dev?: DevState;
  /** Where a mixture stands that changes. */
  online?: unknown;
  /** Where a balance of losses stands. */
  balance?: unknown;
}

/** A trained arm. */
export interface TrainedArm extends ArmRecord {
  /** Its name. */
  name: string;
  /** The model; the caller frees it. */
  encoder: Encoder;
  /** Folder it was saved in. */
  folder: string;
}

/**
 * Trains one retriever (stage 0, or 2): homogeneous batches drawn by the arm's
 * weights, InfoNCE with in-batch and hard negatives. Seeds, steps and the rest
 * are the same for every arm; the last step's model counts, or the one that is
 * best on dev queries (`keep`). Goes on from a checkpoint if an earlier try left
 * one.
 *
 * @param input What every stage needs.
 * @param arm The arm.
 * @param how Another way of training, such as a query tower's.
 */
export async function* trainArm(
  input: StageInput,
  { name, weights, about, online, balance = input.options.balance }: Arm,
  how: ArmTraining = retrieverTraining(input, name),
): AsyncGenerator<ProgressEvent, TrainedArm> {
  const { options, rows } = input;
  const folder = join(options.out, "models", name);
  const before = await readArm(folder);
  if (before) {
    await refuseDamage(folder);
    yield { stage: name, label: `${name}: trained before`, done: 1, total: 1 };
    const encoder = how.asKept(await how.load(folder));
    const arm: ArmRecord = {
      format: "tdro-arm/1",
      about,
      weights: online && "weights" in before ? before.weights : weights,
      sizes: rows.map((r) => r.length),
      drawn: before.drawn,
      dev: keptOf(before),
    };
    return { name, folder, encoder, ...arm };
  }
  const watch = input.dev && new DevWatch(input.dev, { stage: name, options });
  const sizes = rows.map((r) => r.length);
  const changing = online &&
    tracked(online({ sizes, steps: options.steps }));
  const balanced = balance &&
    balancedLosses(balance, { suite: input.suite, seed: options.seed });
  const halves = changing?.needs === "gradient" ? halfGradients() : undefined;
  return yield* resumableStage(input, {
    name,
    label: `training ${name}`,
    steps: options.steps,
    weights,
    online: changing && halves
      ? {
        ...changing,
        observe: (update) =>
          changing.observe({ ...update, gradient: halves.last() }),
      }
      : changing,
    ...how.sampling && { sampling: how.sampling },
    dev: watch,
    async resume(extra) {
      const { dev, online, balance } = extra as ArmExtra | undefined ?? {};
      await watch?.resume(dev);
      if (online !== undefined) changing?.restore(online);
      if (balance !== undefined) balanced?.restore(balance);
    },
    extra(): ArmExtra | undefined {
      if (!watch && !changing && !balanced) return;
      return {
        ...watch && { dev: watch.state },
        ...changing && { online: changing.state() },
        ...balanced && { balance: balanced.state() },
      };
    },
    updates({ encoder, optimizer, drawn, training }) {
      const steps = train(encoder, drawn, {
        ...training,
        ...how.training(encoder),
        ...halves && { weigh: halves.weigh },
        ...balanced && { weigh: balanced.weigh },
        optimizer,
      });
      return watch?.among(steps, { encoder, done: optimizer.step }) ?? steps;
    },
    ...balanced && { line: () => balanced.line() },
    note: ({ loss }) => `loss ${loss.toFixed(3)}`,
    save: ({ encoder, drawn }) =>
      saveArm(input, {
        name,
        about,
        weights: changing?.mean() ?? weights,
        encoder,
        drawn,
        dev: watch?.kept(),
      }, how),
    keepsEncoder: true,
  });
}

/** What is kept of an arm. */
export interface ArmParts extends Omit<Arm, "online" | "balance"> {
  /** Its model, as it was trained. */
  encoder: Encoder;
  /** Rows drawn from each task. */
  drawn: number[];
  /** Which model was kept, by the evaluations on dev queries. */
  dev?: KeptStep | undefined;
}

/** Writes an arm: its record, then its model with its card. */
export async function saveArm(
  input: StageInput,
  { name, about, weights, encoder: kept, drawn, dev }: ArmParts,
  how: Pick<ArmTraining, "asKept" | "save" | "card"> = retrieverTraining(
    input,
    name,
  ),
): Promise<TrainedArm> {
  const { options, rows } = input;
  const folder = join(options.out, "models", name);
  const encoder = how.asKept(kept);
  const sizes = rows.map((r) => r.length);
  const arm: ArmRecord = {
    format: "tdro-arm/1",
    about,
    weights,
    sizes,
    drawn,
    dev,
  };
  await writeArm(folder, arm);
  await writeFolder(folder, {
    overwrite: true,
    what: `the model ${folder}`,
    async fill(partial) {
      await how.save(encoder, partial);
      await writeChecksums(partial);
      // After them, as it is written again when the scores are known.
      await how.card(partial, arm);
    },
  });
  return { name, folder, encoder, ...arm };
}

import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Tensor, type Tensor2D } from "../../backend/mod.ts";
import {
  bytesOf,
  floatsOf,
  integersOf,
  type Team,
  type Workers,
} from "../../workers/mod.ts";
import {
  embeddingSize,
  type EncoderLead,
  encoderLead,
} from "../../model/mod.ts";
import type { Batch } from "../../sampling/mod.ts";
import type { AdamW } from "../adamw.ts";
import {
  type BatchGradients,
  frozenVectors,
  type GradientSettings,
  seedsOf,
} from "../gradient_pass.ts";
import { lossAndSlopes } from "../loss_and_slopes.ts";
import type { Gradients } from "../gradients.ts";
import type { BatchTokens } from "../tokens.ts";
import { fingerprint } from "./fingerprint.ts";
import { Share } from "./share.ts";
import { checkSlots, ownerOf, passagesEach, slotRanges } from "./slots.ts";
import { textArrays, type TrainingAbout } from "./training_messages.ts";

/** What {@linkcode LeadTraining.open} needs to know. */
export interface LeadTrainingOptions {
  /** The workers; this one must be number 0. */
  workers: Workers;
  /** Model, loss and the rest. */
  settings: GradientSettings;
  /** The optimiser. */
  optimizer: AdamW;
  /** Slots of fixed sums. */
  slots?: number | undefined;
  /** What gradients travel in. */
  sum?: "float32" | "bfloat16" | undefined;
}

/** Updates between two comparisons of the workers' parameters. */
const COMPARE_EVERY = 100;

/**
 * Worker 0's side of training together. Each worker encodes its part of the batch;
 * the vectors are gathered here, where the loss of the whole batch is taken (spec
 * section 6.2) and how much each example counts is decided; the slopes go back, and
 * the gradients are summed. All make the same update of the same gradients.
 */
export class LeadTraining {
  readonly #options: LeadTrainingOptions;
  readonly #team: Team;
  readonly #encoders: EncoderLead;
  readonly #share: Share;

  private constructor(options: LeadTrainingOptions) {
    const { workers, settings, slots, sum: precision } = options;
    this.#options = options;
    this.#encoders = encoderLead(workers);
    this.#team = this.#encoders.team;
    this.#share = new Share({ workers, settings, slots, precision });
  }

  /** Tells the others of a training run, the model and the moments included. */
  static async open(options: LeadTrainingOptions): Promise<LeadTraining> {
    const { workers, slots } = options;
    if (slots !== undefined) checkSlots(slots, workers.size);
    const training = new LeadTraining(options);
    await training.#tellAll();
    return training;
  }

  async #tellAll(): Promise<void> {
    const { settings, optimizer, slots, sum = "float32" } = this.#options;
    const { encoder, dropout, precision, checkpointing, gradCache } = settings;
    const about: TrainingAbout = {
      id: await this.#encoders.show(encoder),
      names: [...optimizer.parameters.keys()],
      adamw: optimizer.options,
      step: optimizer.step,
      settings: { dropout, precision, checkpointing, gradCache },
      slots,
      sum,
    };
    await this.#team.tell("train", { about });
    if (optimizer.step === 0) return; // the moments are zeros
    for (const { name, data } of optimizer.tensors()) {
      const values = await data() as Float32Array<ArrayBuffer>;
      await this.#team.tell("moment", { about: { name }, arrays: [values] });
    }
    await this.#team.tell("moments");
  }

  /**
   * Loss of a batch, and this worker's part of its gradients (with slots, all).
   *
   * @throws What the loss or the weighing throws; the others have then let go.
   */
  async pass(batch: Batch, tokens: BatchTokens): Promise<BatchGradients> {
    const { settings } = this.#options;
    const texts = { tokens, seeds: seedsOf(batch, tokens, settings) };
    await this.#team.tell("pass", { arrays: textArrays(texts) });
    const gathered = await this.#team.together(() => this.#share.open(texts));
    let vectors = this.#vectorsOf(gathered.map(floatsOf), tokens);
    let done: Awaited<ReturnType<typeof lossAndSlopes>>;
    try {
      const frozen = await frozenVectors(batch, settings);
      if (frozen) {
        vectors[1].dispose();
        vectors = [vectors[0], frozen];
      }
      done = await lossAndSlopes(vectors, batch, {
        ...settings,
        gradientsOf: (slopes) => this.#measured(slopes),
      });
    } catch (error) {
      this.#share.drop();
      if (!this.#team.broken) await this.#team.tell("drop");
      throw error;
    } finally {
      tf.dispose(vectors);
    }
    const { loss, losses, slopes } = done;
    const [queries, passages] = await numbersOf(slopes);
    tf.dispose(slopes);
    await this.#team.tell("slopes", { arrays: [queries, passages] });
    const gradients = await this.#team.together(() =>
      this.#share.gradients({ queries, passages })
    );
    return { loss, losses, gradients };
  }

  /** Gradients of all workers together by slopes of the pass that stays open. */
  async #measured(slopes: [Tensor, Tensor]): Promise<Gradients> {
    const [queries, passages] = await numbersOf(slopes);
    await this.#team.tell("measure", { arrays: [queries, passages] });
    return await this.#team.together(async () => {
      const own = { queries, passages };
      return await this.#share.sum(
        await this.#share.gradients(own, { keep: true }),
      );
    });
  }

  /** The gathered vectors in the batch's order, queries and passages. */
  #vectorsOf(
    parts: readonly Float32Array[],
    tokens: BatchTokens,
  ): [Tensor2D, Tensor2D] {
    const { workers, slots = workers.size, settings } = this.#options;
    const D = embeddingSize(settings.encoder);
    const B = tokens.queries.offsets.length - 1;
    const each = passagesEach(tokens);
    const sides = [
      new Float32Array(B * D),
      new Float32Array(B * each * D),
    ] as const;
    const at = parts.map(() => 0);
    slotRanges(B, slots).forEach(([from, to], slot) => {
      const owner = ownerOf(slot, slots, workers.size);
      for (const [side, rows] of [[0, 1], [1, each]] as const) {
        const length = (to - from) * rows * D;
        const start = at[owner]!;
        sides[side].set(
          parts[owner]!.subarray(start, start + length),
          from * rows * D,
        );
        at[owner] = start + length;
      }
    });
    return [
      tf.tensor2d(sides[0], [B, D]),
      tf.tensor2d(sides[1], [B * each, D]),
    ];
  }

  /** Sums gradients over the workers; those that are given are freed. */
  async sum(gradients: Gradients): Promise<Gradients> {
    await this.#team.tell("sum");
    return await this.#team.together(() => this.#share.sum(gradients));
  }

  /** Has the others make the update that was made here. */
  async update(
    numbers: { learningRate: number; gradientFactor: number },
  ): Promise<void> {
    await this.#team.tell("update", { about: numbers });
    this.#encoders.changedAlike(this.#options.settings.encoder);
    const { step } = this.#options.optimizer;
    if (step % COMPARE_EVERY === 0) await this.compare();
  }

  /**
   * Compares the workers' parameters. Processors of different kinds may round
   * differently, and apart from that nothing can part them.
   *
   * @throws {RangeError} If a worker's differ.
   */
  async compare(): Promise<void> {
    const { workers, optimizer } = this.#options;
    if (workers.size === 1) return;
    await this.#team.tell("compare");
    const prints = await this.#team.together(async () => {
      const own = await fingerprint(optimizer.parameters);
      return (await workers.allGather(bytesOf(own))).map(integersOf);
    });
    const other = prints.findIndex((print) =>
      print.join() !== prints[0]!.join()
    );
    if (other < 0) return;
    throw new RangeError(
      `Cannot train on: the parameters of worker ${other} differ from those of worker 0 after update ${optimizer.step}: their processors round differently; start all workers on processors of one kind, with one backend`,
    );
  }

  /** Ends the training; the model stays with the others. */
  async close(): Promise<void> {
    this.#share.drop();
    if (!this.#team.broken) await this.#team.tell("trained");
  }
}

/** The numbers of slopes, those of the queries first. */
async function numbersOf(
  slopes: [Tensor, Tensor],
): Promise<[Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>]> {
  const [queries, passages] = [
    await readValues(slopes[0]),
    await readValues(slopes[1]),
  ];
  return [queries, passages] as [
    Float32Array<ArrayBuffer>,
    Float32Array<ArrayBuffer>,
  ];
}

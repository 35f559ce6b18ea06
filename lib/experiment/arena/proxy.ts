import { sum } from "../../base/mean.ts";
import type { ProxyModel, WatchedUpdate } from "../../dro/mod.ts";
import { cloneEncoder, disposeEncoder, type Encoder } from "../../model/mod.ts";
import { type Batch, batches, type SamplerCursor } from "../../sampling/mod.ts";
import {
  AdamW,
  batchGradients,
  batchLosses,
  train,
  trainable,
  type TrainOptions,
} from "../../train/mod.ts";
import { gradientProducts } from "./gradient_products.ts";
import type { Journal } from "./journal.ts";
import { samplerOptions, type StageInput } from "../stages/stage_input.ts";
import { retrieverLoss } from "../stages/retriever_loss.ts";
import { trainingOptions } from "../stages/training_options.ts";

/** What the proxies of one strategy have in common. */
export interface ProxyWorld {
  /** Settings, rows and start. */
  input: StageInput;
  /** Batches of each task's dev queries, shape `[K][n]`. */
  devBatches(): readonly (readonly Batch[])[];
  /** Answers so far. */
  journal: Journal;
  /** Counts what is spent; throws beyond the budget. */
  pay(cost: number): void;
  /** What dev losses and gradients cost. */
  costs: { devLosses: number; gradients: number };
  /** Proxies that hold memory. */
  live: Set<ArenaProxy>;
}

/** Updates by one mixture. */
interface Stretch {
  weights: readonly number[];
  steps: number;
  /** Takes what the updates were made of, if that is asked for. */
  seen?: WatchedUpdate[];
}

/** A model in training, with everything that its next update depends on. */
interface Training {
  encoder: Encoder;
  optimizer: AdamW;
  cursor: SamplerCursor | undefined;
}

/**
 * A proxy that trains when an answer needs it: what it was told to do is
 * recorded, and done before the first question that the journal can't answer.
 */
export class ArenaProxy implements ProxyModel {
  readonly #world: ProxyWorld;
  readonly #options: TrainOptions;
  #pending: Stretch[];
  #updates = 0;
  #gradientCalls: number;
  #training: Training | undefined;

  constructor(
    world: ProxyWorld,
    options: TrainOptions,
    { pending = [], gradientCalls = 0, training }: {
      pending?: readonly Stretch[];
      gradientCalls?: number;
      training?: Training;
    } = {},
  ) {
    this.#world = world;
    this.#options = options;
    this.#pending = [...pending];
    this.#gradientCalls = gradientCalls;
    this.#training = training;
    this.#updates = training?.cursor?.batches ?? 0;
    if (training) world.live.add(this);
  }

  /** A proxy at the start of its training. */
  static create(world: ProxyWorld, steps: number): ArenaProxy {
    const { options, signal, base } = world.input;
    return new ArenaProxy(world, {
      ...trainingOptions(options, steps),
      loss: retrieverLoss(options, base),
      signal,
    });
  }

  train(weights: readonly number[], steps: number): Promise<void> {
    this.#world.pay(steps);
    this.#pending.push({ weights: [...weights], steps });
    return Promise.resolve();
  }

  async watch(
    weights: readonly number[],
    steps: number,
  ): Promise<WatchedUpdate[]> {
    this.#world.pay(steps);
    const seen: WatchedUpdate[] = [];
    this.#pending.push({ weights: [...weights], steps, seen });
    return await this.#world.journal.ask("watch", async () => {
      await this.#trained();
      return seen;
    });
  }

  async devLosses(): Promise<number[]> {
    const { costs, devBatches, journal, pay } = this.#world;
    pay(costs.devLosses);
    return await journal.ask("devLosses", async () => {
      const { encoder } = await this.#trained();
      const means: number[] = [];
      for (const own of devBatches()) {
        const each: number[] = [];
        for (const batch of own) {
          const losses = await batchLosses(encoder, batch, this.#options);
          for (const loss of losses) each.push(loss);
        }
        means.push(sum(each) / each.length);
      }
      return means;
    });
  }

  async gradientProducts(): Promise<number[][]> {
    const { costs, journal, pay, input } = this.#world;
    pay(costs.gradients);
    const call = this.#gradientCalls++;
    return await journal.ask("gradientProducts", async () => {
      const { encoder } = await this.#trained();
      const { dropout: _, ...options } = this.#options;
      return await gradientProducts(
        input.suite.tasks.length,
        async (task) => {
          const batch = this.#taskBatch(task, call);
          const { gradients } = await batchGradients(encoder, batch, options);
          return gradients;
        },
        {
          parameters: trainable(encoder, this.#options),
          folder: input.options.out,
        },
      );
    });
  }

  async copy(): Promise<ProxyModel> {
    const { journal } = this.#world;
    // While old answers last, nothing need be trained; then all at once.
    const training = journal.replaying && !this.#training
      ? undefined
      : await cloned(await this.#trained(), this.#options);
    return new ArenaProxy(this.#world, this.#options, {
      pending: this.#pending,
      gradientCalls: this.#gradientCalls,
      training,
    });
  }

  dispose(): void {
    if (!this.#training) return;
    disposeEncoder(this.#training.encoder);
    this.#training.optimizer.dispose();
    this.#training = undefined;
    this.#world.live.delete(this);
  }

  /** Does what is pending. */
  async #trained(): Promise<Training> {
    const { input, live } = this.#world;
    if (!this.#training) {
      const encoder = cloneEncoder(input.base);
      const optimizer = new AdamW(
        trainable(encoder, this.#options),
        this.#options,
      );
      this.#training = { encoder, optimizer, cursor: undefined };
      live.add(this);
    }
    const training = this.#training;
    for (const { weights, steps, seen } of this.#pending.splice(0)) {
      if (steps === 0) continue;
      this.#updates += steps;
      const drawn = batches(input.rows, weights, {
        ...samplerOptions(input),
        count: this.#updates,
        cursor: training.cursor,
      });
      const { optimizer } = training;
      for await (
        const step of train(training.encoder, drawn, {
          ...this.#options,
          optimizer,
        })
      ) {
        training.cursor = step.cursor;
        seen?.push({
          domain: step.domains[0]!,
          loss: sum(step.losses) / step.losses.length,
        });
      }
    }
    return training;
  }

  /** A task's batch number `call`, whatever the proxy was trained on. */
  #taskBatch(task: number, call: number): Batch {
    const { rows, suite } = this.#world.input;
    const only = suite.tasks.map((_, k) => k === task ? 1 : 0);
    let last: Batch | undefined;
    for (
      const batch of batches(rows, only, {
        ...samplerOptions(this.#world.input),
        count: call + 1,
      })
    ) last = batch;
    return last!;
  }
}

async function cloned(
  { encoder, optimizer, cursor }: Training,
  options: TrainOptions,
): Promise<Training> {
  const copy = cloneEncoder(encoder);
  const moments = new Map<string, Float32Array>();
  for (const { name, data } of optimizer.tensors()) {
    moments.set(name, await data());
  }
  const twin = new AdamW(trainable(copy, options), options);
  await twin.restore(
    (name) => Promise.resolve(moments.get(name)!),
    optimizer.step,
  );
  return { encoder: copy, optimizer: twin, cursor };
}

import * as tf from "@tensorflow/tfjs-core";
import {
  readValues,
  Tape,
  type Tensor,
  type Tensor2D,
  type Variable,
} from "../backend/mod.ts";
import { embed, type Encoder, tokenize } from "../model/mod.ts";
import type { Batch, SamplerCursor } from "../sampling/mod.ts";
import { AdamW, type AdamWOptions } from "./adamw.ts";
import { infoNce, type LossFunction } from "./info_nce.ts";

/**
 * Chooses how much each example of a batch counts, after its loss is known and
 * before the gradient is taken. The weights are constants to the gradient; the
 * loss that is differentiated is Σ weight · loss, so they usually sum to 1.
 *
 * @param losses Losses of the examples in nats, shape `[B]`.
 * @param batch The examples.
 * @returns Weights, shape `[B]`.
 */
export type WeighExamples = (
  losses: Float32Array,
  batch: Batch,
) => readonly number[];

/** Options for {@linkcode train}. */
export interface TrainOptions extends AdamWOptions {
  /** Loss per example. @default {infoNce()} */
  loss?: LossFunction;
  /** Weights of the examples; absent: 1/B each. */
  weigh?: WeighExamples;
  /**
   * Learning rate of update `step` (from 0), > 0 or 0. A number is a constant
   * rate. @default {5e-5}
   */
  learningRate?: number | ((step: number) => number);
  /** Batches per update, >= 1 (gradient accumulation). @default {1} */
  accumulate?: number;
  /** Largest norm of all gradients together; longer ones are scaled down. @default {1} */
  maxGradNorm?: number;
  /** Most tokens of a query, special ones included. @default {64} */
  queryLength?: number;
  /** Most tokens of a passage, special ones included. @default {128} */
  passageLength?: number;
  /**
   * Optimiser to go on with, e.g. one from a checkpoint; the decay and moments
   * above are then its own. Absent: a new one, freed at the end.
   */
  optimizer?: AdamW;
  /** Stops before the next update. */
  signal?: AbortSignal;
}

/** What one update did. */
export interface StepReport {
  /** Number of the update, from 0. */
  step: number;
  /** Mean of what was differentiated, over the batches of the update. */
  loss: number;
  /** Loss of each example in nats, all batches of the update in order. */
  losses: number[];
  /** Domain id of each example, in the order of `losses`. */
  domains: number[];
  /** Norm of all gradients together, before clipping. */
  gradNorm: number;
  /** Learning rate of this update. */
  learningRate: number;
  /** Tokens that were encoded, padding left out. */
  tokens: number;
  /** Wall time of the update in seconds. */
  seconds: number;
  /** Where sampling stands after it. */
  cursor: SamplerCursor;
}

/**
 * Trains an encoder: one report per update, for as long as there are batches
 * (an incomplete last accumulation is dropped). The encoder's parameters
 * change in place. The loop rests between updates, so a caller may stop, save
 * a checkpoint or plot at any of them.
 *
 * @param encoder What to train.
 * @param batches What to train on, e.g. from `batches()`.
 * @param options Loss, optimiser and limits.
 * @returns A report per update.
 * @throws {RangeError} If a loss is not finite, naming the step and the task.
 *
 * @example Usage
 * ```ts
 * import { train } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof train, "function"); // mod.ts shows a whole training run
 * ```
 */
export async function* train(
  encoder: Encoder,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  options: TrainOptions = {},
): AsyncGenerator<StepReport, void, undefined> {
  const {
    loss = infoNce(),
    weigh = evenly,
    learningRate = 5e-5,
    accumulate = 1,
    maxGradNorm = 1,
    queryLength = 64,
    passageLength = 128,
    signal,
  } = options;
  const optimizer = options.optimizer ??
    new AdamW(trainable(encoder), options);
  const rate = typeof learningRate === "number"
    ? () => learningRate
    : learningRate;
  const limits = { queryLength, passageLength };
  try {
    let gradients: Record<string, Tensor> | undefined;
    let report = emptyReport();
    let started = performance.now();
    let gathered = 0;
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const done = await batchGradients(encoder, batch, limits, {
        loss,
        // Before any gradient is taken from them.
        weigh: (losses) => {
          checkLosses(losses, batch, optimizer.step);
          return weigh(losses, batch);
        },
      });
      gradients = add(gradients, done.gradients);
      report.loss += done.loss / accumulate;
      report.losses.push(...done.losses);
      report.domains.push(...batch.examples.map((e) => e.domain));
      report.tokens += done.tokens;
      if (++gathered < accumulate) continue;

      const gradNorm = await norm(gradients) / accumulate;
      const step = optimizer.step;
      const clipping = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      const stepRate = rate(step);
      optimizer.apply(gradients, {
        learningRate: stepRate,
        gradientFactor: clipping / accumulate,
      });
      tf.dispose(gradients);
      gradients = undefined;
      yield {
        ...report,
        step,
        gradNorm,
        learningRate: stepRate,
        seconds: (performance.now() - started) / 1000,
        cursor: batch.cursor,
      };
      // Lets timers, signals and the notebook's messages through.
      await new Promise((resume) => setTimeout(resume, 0));
      report = emptyReport();
      started = performance.now();
      gathered = 0;
    }
    if (gradients) tf.dispose(gradients);
  } finally {
    if (!options.optimizer) optimizer.dispose();
  }
}

/** The parameters that training changes: those that the embeddings depend on. */
export function trainable(
  encoder: Encoder,
): ReadonlyMap<string, Variable> {
  return new Map([...encoder.parameters].filter(([, p]) => p.trainable));
}

/**
 * Losses of a batch without training, e.g. a reference model's.
 *
 * @param encoder The model.
 * @param batch The examples.
 * @param options Loss and length limits, as for {@linkcode train}.
 * @returns Losses in nats, shape `[B]`.
 *
 * @example Usage
 * ```ts
 * import { batchLosses } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * assert.equal(typeof batchLosses, "function"); // see train()
 * ```
 */
export async function batchLosses(
  encoder: Encoder,
  batch: Batch,
  options: Pick<TrainOptions, "loss" | "queryLength" | "passageLength"> = {},
): Promise<Float32Array> {
  const { loss = infoNce(), queryLength = 64, passageLength = 128 } = options;
  const losses = tf.tidy(() => {
    const tokens = tokenizeBatch(encoder, batch, {
      queryLength,
      passageLength,
    });
    return loss(
      embed(encoder, tokens.queries),
      embed(encoder, tokens.passages),
      batch,
    );
  });
  return await valuesOf(losses);
}

interface Limits {
  queryLength: number;
  passageLength: number;
}

function tokenizeBatch(encoder: Encoder, batch: Batch, limits: Limits) {
  return {
    queries: tokenize(
      encoder,
      batch.examples.map((e) => e.queryText),
      { maxLength: limits.queryLength },
    ),
    passages: tokenize(
      encoder,
      batch.examples.flatMap((e) => e.passageTexts),
      { maxLength: limits.passageLength },
    ),
  };
}

/** Loss and gradients of one batch; the caller owns the gradients. */
async function batchGradients(
  encoder: Encoder,
  batch: Batch,
  limits: Limits,
  { loss, weigh }: { loss: LossFunction; weigh: WeighExamples },
): Promise<{
  loss: number;
  losses: Float32Array;
  gradients: Record<string, Tensor>;
  tokens: number;
}> {
  const tokens = tokenizeBatch(encoder, batch, limits);
  const tape = new Tape();
  const queries = embed(encoder, tokens.queries, { tape });
  const passages = embed(encoder, tokens.passages, { tape });
  try {
    const losses = await valuesOf(
      tf.tidy(() => loss(queries, passages, batch)),
    );
    const weights = weigh(losses, batch);
    // The loss is a small part of the work: done twice, it may be read between.
    const { value, grads } = tf.tidy(() => {
      const shares = tf.tensor1d([...weights]);
      return tf.valueAndGrads((q: Tensor, p: Tensor) =>
        tf.sum(tf.mul(loss(q as Tensor2D, p as Tensor2D, batch), shares))
      )([queries, passages]);
    });
    const [dQueries, dPassages] = grads as [Tensor, Tensor];
    const found = tape.backward([[queries, dQueries], [passages, dPassages]]);
    tf.dispose([dQueries, dPassages]);
    const gradients: Record<string, Tensor> = {};
    for (const [name, parameter] of trainable(encoder)) {
      const gradient = found.get(parameter);
      if (gradient) gradients[name] = gradient;
    }
    const [total] = await valuesOf(value);
    return {
      loss: total!,
      losses,
      gradients,
      tokens: tokens.queries.ids.length + tokens.passages.ids.length,
    };
  } finally {
    tape.dispose();
    tf.dispose([queries, passages]);
  }
}

/** A tensor's values; frees the tensor. */
async function valuesOf(tensor: Tensor): Promise<Float32Array> {
  const values = await readValues(tensor);
  tensor.dispose();
  return values;
}

function evenly(losses: Float32Array): number[] {
  return Array.from(losses, () => 1 / losses.length);
}

function emptyReport() {
  return {
    loss: 0,
    losses: [] as number[],
    domains: [] as number[],
    tokens: 0,
  };
}

function checkLosses(losses: Float32Array, batch: Batch, step: number): void {
  const bad = losses.findIndex((l) => !Number.isFinite(l));
  if (bad < 0) return;
  const { domain, query } = batch.examples[bad]!;
  throw new RangeError(
    `Cannot train on: the loss of query ${query.id} (domain ${domain}) is ` +
      `${
        losses[bad]
      } at step ${step}; lower the learning rate or raise the temperature`,
  );
}

/** Adds gradients into the first set, which may be absent; frees the parts. */
function add(
  sum: Record<string, Tensor> | undefined,
  more: Record<string, Tensor>,
): Record<string, Tensor> {
  if (!sum) return more;
  for (const [name, gradient] of Object.entries(more)) {
    const before = sum[name];
    if (!before) {
      sum[name] = gradient;
      continue;
    }
    sum[name] = tf.add(before, gradient);
    tf.dispose([before, gradient]);
  }
  return sum;
}

/** Euclidean norm of all gradients together. */
async function norm(gradients: Record<string, Tensor>): Promise<number> {
  // Not by addN: on webgpu it binds every input to one shader, and where they
  // are more than the adapter allows (often 8) the sum is silently wrong.
  const squared = tf.tidy(() =>
    tf.sum(tf.stack(Object.values(gradients).map((g) => tf.sum(tf.square(g)))))
  );
  const [value] = await valuesOf(squared);
  return Math.sqrt(value!);
}

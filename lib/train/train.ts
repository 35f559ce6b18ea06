import { setImmediate } from "node:timers";
import type { Encoder } from "../model/mod.ts";
import type { Batch, SamplerCursor } from "../sampling/mod.ts";
import {
  type FrozenPassages,
  gradientPass,
  type GradientSettings,
  type WeighExamples,
} from "./gradient_pass.ts";
import {
  addAll,
  disposeAll,
  gradientNorm,
  type Gradients,
} from "./gradients.ts";
import { TokenSource } from "./token_source.ts";
import { type ChunkLimits, tokenizeBatch } from "./tokens.ts";
import { DivergenceError } from "./divergence_error.ts";
import { AdamW, type AdamWOptions } from "./adamw.ts";
import { infoNce, type LossFunction } from "./info_nce.ts";
import { trainable, type TrainableOptions } from "./trainable.ts";
import { soloWorkers, usedWorkers, type Workers } from "../workers/mod.ts";
import { LeadTraining } from "./workers/lead_training.ts";
import { checkPrecision, type Precision } from "../backend/kernels/mod.ts";

/** Options for {@linkcode train}. */
export interface TrainOptions extends AdamWOptions, TrainableOptions {
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
  /**
   * Largest norm of all gradients together; longer ones are scaled down. 0 for no
   * limit. @default {1}
   */
  maxGradNorm?: number;
  /** Maximum tokens per query. @default {as `textLimits()` says} */
  queryLength?: number | undefined;
  /** Maximum tokens per passage. @default {as `textLimits()` says} */
  passageLength?: number | undefined;
  /**
   * Share of the numbers dropped in training, in [0, 1): after the embeddings
   * and after the attention and feed-forward part of each layer. What is
   * dropped of a text follows from the seed, the batch's number and the text's
   * place in it. An adapter's dropout is its own. @default {0}
   */
  dropout?: number;
  /** Seed of what is dropped. @default {0} */
  seed?: number;
  /**
   * What matrix products multiply. Parameters, their moments, norms, softmax,
   * scores and the loss stay float32 in any case. `"bfloat16"` needs the
   * `tensorflow` backend. @default {"float32"}
   */
  precision?: Precision;
  /**
   * Keep each layer's input alone, and compute the layer again for its
   * gradient: the same gradients for less memory and one more forward pass.
   * @default {false}
   */
  checkpointing?: boolean;
  /**
   * GradCache: encode at most so many texts (`chunk`) or tokens (`tokens`) at
   * once, so that memory doesn't grow with the batch; the same gradients for
   * one more forward pass. @default {the whole batch at once}
   */
  gradCache?: ChunkLimits | undefined;
  /**
   * Vectors of the passages, where they are fixed: only queries are encoded and
   * trained then, to fit an index that stays as it is.
   * @default {the encoder's own, trained with it}
   */
  frozenPassages?: FrozenPassages | undefined;
  /**
   * Optimiser to go on with, e.g. one from a checkpoint; the decay, the moments
   * and what is frozen are then its own. Absent: a new one, freed at the end.
   */
  optimizer?: AdamW;
  /**
   * Processes that compute each update together; this one must be number 0, and the
   * others run `followWorker()`. Batches are those of one process, and an update is
   * its update but for rounding.
   * @default {those of `useWorkers()`, else this process alone}
   */
  workers?: Workers | undefined;
  /**
   * Sum each batch's gradients over so many equal parts of it, in a fixed order: a
   * power of two, and a multiple of the number of workers. The result then has the
   * same bits for any number of workers, one alone included, on processors of one
   * kind. @default {one part a worker}
   */
  slots?: number | undefined;
  /**
   * What gradients travel in between the workers; `"bfloat16"` halves the traffic
   * and rounds each gradient to 8 bits. @default {"float32"}
   */
  gradientSum?: "float32" | "bfloat16" | undefined;
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
 * @param batches What to train on, e.g. from `batches()`. An iterable that isn't
 * asynchronous is drawn from one batch ahead of the step.
 * @param options Loss, optimiser and limits.
 * @returns A report per update.
 * @throws {RangeError} If an option is out of range; or if a loss, the norm of the
 * gradients or a scheduled rate is not finite, naming the step: the encoder is then
 * as the last update left it.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches, createRng } from "@tdro/tdro/sampling";
 * import { train } from "@tdro/tdro/train";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const sizes = { hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 16 };
 * const encoder = createEncoder(bertConfig({ vocabSize: tokenizer.vocabSize, ...sizes }), tokenizer, {
 *   rng: createRng(1, "model"),
 *   modules: { pooling: "mean", normalize: true },
 * });
 * const rows = ["red", "green", "blue"].map((id) => ({
 *   domain: 0, negatives: [],
 *   query: { id, text: `what is ${id}` },
 *   positives: [{ id: `${id}+`, text: `${id} is a colour` }],
 * }));
 *
 * const drawn = batches([rows], [1], { size: 3, seed: 1, passages: 1, count: 5 });
 * const steps = await Array.fromAsync(train(encoder, drawn, { learningRate: 1e-2 }));
 * assert.ok(steps[4]!.loss < steps[0]!.loss);
 * ```
 */
export async function* train(
  encoder: Encoder,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  options: TrainOptions = {},
): AsyncGenerator<StepReport, void, undefined> {
  const {
    learningRate = 5e-5,
    accumulate = 1,
    maxGradNorm = 1,
    signal,
  } = options;
  checkOptions(options);
  const optimizer = options.optimizer ??
    new AdamW(trainable(encoder, options), options);
  const rate = typeof learningRate === "number"
    ? () => learningRate
    : learningRate;
  const settings = gradientSettings(encoder, optimizer, options);
  const source = new TokenSource(
    batches,
    (batch) =>
      tokenizeBatch(encoder, batch, options, {
        queriesOnly: options.frozenPassages !== undefined,
      }),
  );
  let gradients: Gradients | undefined;
  let together: LeadTraining | undefined;
  try {
    together = await openTogether({ settings, optimizer, options });
    let report = emptyReport();
    let started = performance.now();
    let gathered = 0;
    for (let next = await source.next(); next; next = await source.next()) {
      signal?.throwIfAborted();
      const { batch, tokens } = next;
      const done = await (together?.pass(batch, tokens) ??
        gradientPass(batch, tokens, settings));
      source.ahead(); // a GPU is still at work on the gradients
      gradients = addAll(gradients, done.gradients);
      report.loss += done.loss / accumulate;
      // One by one: as arguments, a large batch's would be too many.
      for (const loss of done.losses) report.losses.push(loss);
      for (const { domain } of batch.examples) report.domains.push(domain);
      report.tokens += tokens.queries.ids.length + tokens.passages.ids.length;
      if (++gathered < accumulate) continue;

      if (together) {
        const own = gradients;
        gradients = undefined; // freed by what sums them
        gradients = await together.sum(own);
      }
      const gradNorm = await gradientNorm(gradients) / accumulate;
      const step = optimizer.step;
      const stepRate = rate(step);
      checkStep({ gradNorm, stepRate, step });
      const clipping = maxGradNorm === 0
        ? 1
        : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      const numbers = {
        learningRate: stepRate,
        gradientFactor: clipping / accumulate,
      };
      optimizer.apply(gradients, numbers);
      await together?.update(numbers);
      disposeAll(gradients);
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
      await new Promise((resume) => setImmediate(resume));
      report = emptyReport();
      started = performance.now();
      gathered = 0;
    }
    await together?.compare();
  } finally {
    disposeAll(gradients);
    await together?.close();
    if (!options.optimizer) optimizer.dispose();
    await source.end();
  }
}

/** What the gradients of each batch depend on, defaults filled in. */
function gradientSettings(
  encoder: Encoder,
  optimizer: AdamW,
  options: TrainOptions,
): GradientSettings {
  const { loss = infoNce(), weigh } = options;
  return {
    encoder,
    parameters: optimizer.parameters,
    loss,
    weigh,
    check: (losses, batch) => checkLosses(losses, batch, optimizer.step),
    dropout: options.dropout ?? 0,
    seed: options.seed ?? 0,
    precision: options.precision ?? "float32",
    checkpointing: options.checkpointing ?? false,
    gradCache: options.gradCache,
    frozenPassages: options.frozenPassages,
  };
}

/** Where several compute, or are to give what several would. */
async function openTogether(
  { settings, optimizer, options }: {
    settings: GradientSettings;
    optimizer: AdamW;
    options: TrainOptions;
  },
): Promise<LeadTraining | undefined> {
  const { workers = usedWorkers(), slots, gradientSum: sum } = options;
  const several = workers !== undefined && workers.size > 1;
  if (!several && slots === undefined) return;
  const team = workers ?? soloWorkers();
  return await LeadTraining.open({
    workers: team,
    settings,
    optimizer,
    slots,
    sum,
  });
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
  throw new DivergenceError(
    `Cannot train on: the loss of query ${query.id} (domain ${domain}) is ` +
      `${
        losses[bad]
      } at step ${step}; lower the learning rate or raise the temperature`,
  );
}

/** Before anything is changed by it: what isn't finite would spread for ever. */
function checkStep(
  { gradNorm, stepRate, step }: {
    gradNorm: number;
    stepRate: number;
    step: number;
  },
): void {
  if (!Number.isFinite(gradNorm)) {
    throw new DivergenceError(
      `Cannot train on: the norm of the gradients is ${gradNorm} at step ${step}; lower the learning rate or raise the temperature`,
    );
  }
  if (!(stepRate >= 0 && stepRate < Infinity)) {
    throw new RangeError(
      `Cannot train on: learningRate must be finite and >= 0: got ${stepRate} at step ${step}`,
    );
  }
}

function checkOptions(
  {
    dropout = 0,
    gradCache = {},
    precision = "float32",
    maxGradNorm = 1,
    accumulate = 1,
    learningRate = 0,
  }: TrainOptions,
): void {
  checkPrecision(precision);
  if (!(dropout >= 0 && dropout < 1)) {
    throw new RangeError(
      `Cannot train: dropout must be in [0, 1): got ${dropout}`,
    );
  }
  if (!(maxGradNorm >= 0)) {
    throw new RangeError(
      `Cannot train: maxGradNorm must be > 0, or 0 for no limit: got ${maxGradNorm}`,
    );
  }
  if (!(Number.isInteger(accumulate) && accumulate >= 1)) {
    throw new RangeError(
      `Cannot train: accumulate must be an integer >= 1: got ${accumulate}`,
    );
  }
  if (
    typeof learningRate === "number" &&
    !(learningRate >= 0 && learningRate < Infinity)
  ) {
    throw new RangeError(
      `Cannot train: learningRate must be finite and >= 0: got ${learningRate}`,
    );
  }
  for (const [name, value] of Object.entries(gradCache)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot train: gradCache.${name} must be an integer >= 1: got ${value}`,
    );
  }
}

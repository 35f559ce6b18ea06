import * as tf from "@tensorflow/tfjs-core";
import { type Gradient, type Precision, Tape } from "../backend/kernels/mod.ts";
import type { Tensor, Tensor2D, Variable } from "../backend/mod.ts";
import {
  embed,
  embeddingSize,
  type Encoder,
  joinTexts,
  type TokenBatch,
} from "../model/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import { addAll, byName, disposeAll, type Gradients } from "./gradients.ts";
import { textSeeds } from "./text_seeds.ts";
import {
  type BatchTokens,
  type ChunkLimits,
  chunksOf,
  textsBetween,
} from "./tokens.ts";
import type { LossFunction } from "./info_nce.ts";
import { lossAndSlopes } from "./loss_and_slopes.ts";

/**
 * Chooses how much each example of a batch counts, after its loss is known and
 * before the gradient is taken. The weights are constants to the gradient; the
 * loss that is differentiated is Σ weight · loss, so they usually sum to 1.
 *
 * @param losses Losses of the examples in nats, shape `[B]`.
 * @param batch The examples.
 * @param gradientProducts What tells how gradients lie to each other.
 * @returns Weights, shape `[B]`, at once or later.
 */
export type WeighExamples = (
  losses: Float32Array,
  batch: Batch,
  gradientProducts: GradientProducts,
) => readonly number[] | Promise<readonly number[]>;

/**
 * Inner products of the gradients of weighted losses of one batch. Each costs a
 * backward pass, and all are in memory together.
 *
 * @param weights Rows of weights of the examples, shape `[G][B]`; the loss of row i is
 * Σ weight · loss.
 * @returns Symmetric, shape `[G][G]`; the diagonal has the squared norms.
 */
export type GradientProducts = (
  weights: readonly (readonly number[])[],
) => Promise<number[][]>;

/**
 * Vectors that stand for a batch's passages and that training doesn't change.
 *
 * @param batch The examples.
 * @returns Shape `[B·N, D]` row-major, those of an example together, its positive
 * first.
 */
export type FrozenPassages = (
  batch: Batch,
) => Float32Array | Promise<Float32Array>;

/** What the gradients of a batch depend on beside the batch. */
export interface GradientSettings {
  /** The model. */
  encoder: Encoder;
  /** What gets a gradient. */
  parameters: ReadonlyMap<string, Variable>;
  /** Loss per example. */
  loss: LossFunction;
  /** Weights of the examples, from their losses; absent: 1/B each. */
  weigh?: WeighExamples | undefined;
  /** Looks at the losses before gradients are taken of the encoder by them. */
  check?: ((losses: Float32Array, batch: Batch) => void) | undefined;
  /** Share of numbers dropped. */
  dropout: number;
  /** Seed of what is dropped. */
  seed: number;
  /** What products multiply. */
  precision: Precision;
  /** Whether layers are computed again for their gradient. */
  checkpointing: boolean;
  /** How much is encoded at once; absent: the whole batch. */
  gradCache?: ChunkLimits | undefined;
  /** Vectors of the passages; absent: the model's own, which get a gradient. */
  frozenPassages?: FrozenPassages | undefined;
}

/** Loss and gradients of a batch, as {@linkcode batchGradients} gives them. */
export interface BatchGradients {
  /** What was differentiated, Σ weight · loss. */
  loss: number;
  /** Loss of each example, shape `[B]`. */
  losses: Float32Array;
  /** Gradient by name of the parameter; the caller disposes of them. */
  gradients: Record<string, Gradient>;
}

/** Texts that are encoded in one pass, and where their vectors belong. */
interface Part {
  side: 0 | 1;
  from: number;
  tokens: TokenBatch;
  seeds: Int32Array;
}

/** Texts of both sides, and what is dropped of each. */
export interface SeededTexts {
  /** The texts. */
  tokens: BatchTokens;
  /** A seed for each query, and for each passage. */
  seeds: readonly [Int32Array, Int32Array];
}

/** A forward pass whose gradient can be taken when its slopes are known. */
export interface OpenPass {
  /**
   * Vectors of the queries, and of the passages unless there are none to encode;
   * they are freed with the pass.
   */
  vectors: readonly Tensor2D[];
  /**
   * Gradients by the slopes of the vectors, which stay the caller's. With `keep`,
   * others can be taken afterwards.
   */
  gradients(
    slopes: readonly Tensor[],
    options?: { keep?: boolean },
  ): Gradients;
  /** Frees what the pass kept. */
  dispose(): void;
}

/** What a pass depends on beside its texts. */
export type PassSettings = Omit<
  GradientSettings,
  "loss" | "weigh" | "check" | "seed" | "frozenPassages"
>;

/**
 * Loss and gradients of one batch. The loss is read before the gradient is
 * taken, as the weights may depend on it.
 */
export async function gradientPass(
  batch: Batch,
  tokens: BatchTokens,
  settings: GradientSettings,
): Promise<BatchGradients> {
  const frozen = await frozenVectors(batch, settings);
  const seeds = seedsOf(batch, tokens, settings);
  const pass = openPass({ tokens, seeds }, settings);
  try {
    const { loss, losses, slopes } = await lossAndSlopes(
      [pass.vectors[0]!, frozen ?? pass.vectors[1]!],
      batch,
      {
        ...settings,
        gradientsOf: (slopes) =>
          Promise.resolve(pass.gradients(slopes, { keep: true })),
      },
    );
    try {
      return { loss, losses, gradients: pass.gradients(slopes) };
    } finally {
      tf.dispose(slopes);
    }
  } finally {
    pass.dispose();
    frozen?.dispose();
  }
}

/** The vectors of passages that aren't encoded; the caller frees them. */
export async function frozenVectors(
  batch: Batch,
  { encoder, frozenPassages }: Pick<
    GradientSettings,
    "encoder" | "frozenPassages"
  >,
): Promise<Tensor2D | undefined> {
  if (!frozenPassages) return;
  const values = await frozenPassages(batch);
  const count = batch.examples.reduce(
    (n, { passages }) => n + passages.length,
    0,
  );
  const D = embeddingSize(encoder);
  if (values.length !== count * D) {
    throw new TypeError(
      `Cannot train: frozenPassages must give vectors of shape [${count}, ${D}], ${
        count * D
      } numbers: got ${values.length}`,
    );
  }
  return tf.tensor2d(values, [count, D]);
}

/** Seeds of what is dropped of a batch's texts. */
export function seedsOf(
  { index }: Batch,
  { queries, passages }: BatchTokens,
  { seed }: Pick<GradientSettings, "seed">,
): [Int32Array, Int32Array] {
  return [queries, passages].map(({ offsets }, side) =>
    textSeeds(offsets.length - 1, { seed, batch: index, side })
  ) as [Int32Array, Int32Array];
}

/** Encodes texts; what their gradient needs is kept, or made again later. */
export function openPass(texts: SeededTexts, settings: PassSettings): OpenPass {
  return settings.gradCache
    ? passInChunks(texts, settings)
    : passAtOnce(texts, settings);
}

/**
 * One pass over all texts, queries and passages together, since larger products
 * are faster; kept until its gradient is done.
 */
function passAtOnce(texts: SeededTexts, settings: PassSettings): OpenPass {
  const tape = newTape(settings);
  const parts = partsOf(texts, settings);
  const all = encode(together(parts), settings, tape); // [B + B·N, D]
  const B = parts[0]!.seeds.length;
  const D = all.shape[1];
  const vectors = tf.tidy(() => [
    tf.slice(all, [0, 0], [B, D]),
    ...parts[1] ? [tf.slice(all, [B, 0], [-1, D])] : [],
  ]);
  return {
    vectors,
    gradients(slopes, options) {
      const [queries, passages] = slopes as [Tensor2D, Tensor2D];
      const slope = parts[1]
        ? tf.concat([queries, passages])
        : tf.clone(queries);
      try {
        return byName(
          settings.parameters,
          tape.gradients([[all, slope]], options),
        );
      } finally {
        slope.dispose();
      }
    },
    dispose() {
      tape.dispose();
      tf.dispose([all, ...vectors]);
    },
  };
}

/** The parts as one, queries before passages; frozen passages have none. */
function together([queries, passages]: Part[]): Part {
  if (!passages) return queries!;
  const seeds = new Int32Array(queries!.seeds.length + passages.seeds.length);
  seeds.set(queries!.seeds);
  seeds.set(passages.seeds, queries!.seeds.length);
  return {
    ...queries!,
    tokens: joinTexts(queries!.tokens, passages.tokens),
    seeds,
  };
}

/**
 * GradCache (Gao et al., arXiv 2101.06983): all vectors first, keeping nothing
 * else; then the loss and its gradient by the vectors; then each chunk again,
 * now with a tape. What is dropped follows from each text's seed, so the second
 * pass repeats the first.
 */
function passInChunks(texts: SeededTexts, settings: PassSettings): OpenPass {
  const parts = partsOf(texts, settings);
  const vectors = ([0, 1] as const).flatMap((side) => {
    const own = parts.filter((p) => p.side === side);
    return own.length > 0 ? [joined(own.map((p) => encode(p, settings)))] : [];
  });
  return {
    vectors,
    gradients(slopes, { keep = false } = {}) {
      if (!keep) tf.dispose(vectors);
      let gradients: Gradients | undefined;
      try {
        for (const part of parts) {
          const tape = newTape(settings);
          const y = encode(part, settings, tape);
          const dy = tf.slice(slopes[part.side]!, [part.from, 0], y.shape);
          const found = tape.gradients([[y, dy]]);
          tf.dispose([y, dy]);
          gradients = addAll(gradients, byName(settings.parameters, found));
        }
      } catch (error) {
        disposeAll(gradients);
        throw error;
      }
      return gradients ?? {};
    },
    dispose() {
      tf.dispose(vectors);
    },
  };
}

function newTape(
  { parameters, checkpointing, precision }: PassSettings,
): Tape {
  return new Tape([], {
    parameters: parameters.values(),
    checkpointing,
    precision,
  });
}

/** The passes over the texts: queries, then passages, each in chunks. */
function partsOf(
  { tokens: { queries, passages }, seeds }: SeededTexts,
  { gradCache = {} }: PassSettings,
): Part[] {
  return [queries, passages].flatMap((tokens, side) =>
    chunksOf(tokens, gradCache).map((range) => ({
      side: side as 0 | 1,
      from: range[0],
      tokens: textsBetween(tokens, range),
      seeds: seeds[side]!.subarray(...range),
    }))
  );
}

function encode(
  { tokens, seeds }: Part,
  { encoder, dropout, precision }: PassSettings,
  tape?: Tape,
): Tensor2D {
  const drop = dropout > 0 || (encoder.lora?.dropout ?? 0) > 0
    ? { rate: dropout, seeds }
    : undefined;
  return embed(encoder, tokens, { tape, dropout: drop, precision });
}

/** Vectors of one side in one tensor; frees the pieces. */
function joined(pieces: Tensor2D[]): Tensor2D {
  if (pieces.length === 1) return pieces[0]!;
  const whole = tf.concat(pieces) as Tensor2D;
  tf.dispose(pieces);
  return whole;
}

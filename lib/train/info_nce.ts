import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "../backend/mod.ts";
import { type Batch, falseNegativeMask } from "../sampling/mod.ts";
import { DEFAULT_TEMPERATURE } from "../base/defaults.ts";
import { crossEntropy } from "../backend/kernels/mod.ts";

/**
 * Which passages a query's positive is compared with: all others of the batch
 * (spec section 6.1), or the query's own hard negatives alone (section 6.3).
 */
export type Negatives = "in-batch" | "hard-only";

/** Options for {@linkcode infoNce}. */
export interface InfoNceOptions {
  /** Divides the scores, no unit, > 0. @default {0.05} */
  temperature?: number;
  /** Which passages count as negatives. @default {"in-batch"} */
  negatives?: Negatives;
  /**
   * Leave out passages that are known positives of the query, or repeat its
   * positive's text. The reference code doesn't (spec section 6.1).
   * @default {true}
   */
  maskFalseNegatives?: boolean;
}

/**
 * A loss: from the embeddings of a batch to one number per example.
 *
 * @param queries Embeddings, shape `[B, D]`.
 * @param passages Embeddings, shape `[B·N, D]`: those of query i are rows
 * i·N … i·N+N-1, its positive first.
 * @param batch What was embedded.
 * @returns Losses in nats, shape `[B]`.
 */
export type LossFunction = (
  queries: Tensor2D,
  passages: Tensor2D,
  batch: Batch,
) => Tensor1D;

/** Options for {@linkcode contrastiveLosses}. */
export interface ContrastiveLossesOptions {
  /** Divides the scores, no unit, > 0. */
  temperature: number;
  /** Which passages count as negatives. */
  negatives: Negatives;
  /** 1 where a passage must not count, shape `[B, B·N]` row-major. */
  ignore?: Uint8Array;
}

/** What replaces the score of a passage that must not count: finite. */
const IGNORED = -1e9;

/**
 * InfoNCE with hard and in-batch negatives, or hard ones only: cross-entropy
 * of the positive among the compared passages (spec sections 5 and 6).
 *
 * @param options Temperature and choice of negatives.
 * @returns The loss, as training takes it.
 *
 * @example Usage
 * ```ts
 * import { infoNce } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches } from "@tdro/tdro/sampling";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const row = (id: string) => ({
 *   domain: 0,
 *   query: { id, text: id },
 *   positives: [{ id: `${id}+`, text: `about ${id}` }],
 *   negatives: [{ id: `${id}-`, text: `not about ${id}` }],
 * });
 * const [batch] = batches([[row("a"), row("b")]], [1], { size: 2, seed: 1, count: 1 });
 * const queries = tf.tensor2d([[1, 0], [0, 1]]);
 * // Each query's positive is equal to it, each hard negative has a score of 0.
 * const passages = tf.tensor2d([[1, 0], [0, 1], [0, 1], [1, 0]]);
 * const loss = infoNce({ temperature: 1, negatives: "hard-only" });
 * for (const value of loss(queries, passages, batch!).dataSync()) {
 *   assert.ok(Math.abs(value - Math.log(1 + Math.exp(-1))) < 1e-6);
 * }
 * ```
 */
export function infoNce(
  {
    temperature = DEFAULT_TEMPERATURE,
    negatives = "in-batch",
    maskFalseNegatives = true,
  }: InfoNceOptions = {},
): LossFunction {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(
      `Cannot compute InfoNCE: temperature must be a number > 0: got ${temperature}`,
    );
  }
  return (queries, passages, batch) =>
    contrastiveLosses(queries, passages, {
      temperature,
      negatives,
      ignore: maskFalseNegatives ? falseNegativeMask(batch) : undefined,
    });
}

/**
 * The InfoNCE losses of given embeddings; {@linkcode infoNce} without a batch.
 *
 * @param queries Embeddings, shape `[B, D]`.
 * @param passages Embeddings, shape `[B·N, D]`, query-major, positive first.
 * @param options Temperature, negatives, and what to leave out.
 * @returns Losses in nats, shape `[B]`; the caller owns them.
 * @throws {RangeError} If the shapes don't fit, or there is nothing to compare
 * a positive with.
 *
 * @example Usage
 * ```ts
 * import { contrastiveLosses } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const unit = tf.tensor2d([[1, 0], [0, 1]]);
 * const [loss] = contrastiveLosses(unit, unit, { temperature: 1, negatives: "in-batch" }).dataSync();
 * assert.ok(Math.abs(loss! - Math.log(1 + Math.exp(-1))) < 1e-6);
 * ```
 */
export function contrastiveLosses(
  queries: Tensor2D,
  passages: Tensor2D,
  { temperature, negatives, ignore }: ContrastiveLossesOptions,
): Tensor1D {
  const [B, D] = queries.shape;
  const N = passages.shape[0] / B;
  if (!Number.isInteger(N) || passages.shape[1] !== D) {
    throw new RangeError(
      `Cannot compute InfoNCE: ${B} queries × ${D} need passages of shape ` +
        `[${B}·N, ${D}]: got [${passages.shape}]`,
    );
  }
  const compared = negatives === "in-batch" ? B * N : N;
  if (compared < 2) {
    throw new RangeError(
      `Cannot compute InfoNCE: a batch of ${B} queries with ${N} passage each ` +
        `has no ${negatives} negatives; use more passages per query or a larger batch`,
    );
  }
  if (negatives === "hard-only") {
    const scores = ownScores(queries, passages); // [B, N]
    return crossEntropy(
      without(tf.div(scores, temperature), ignore && ownColumns(ignore, B, N)),
      tf.zeros([B], "int32"),
    );
  }
  const scores = tf.matMul(queries, passages, false, true); // [B, B·N]
  return crossEntropy(
    without(tf.div(scores, temperature), ignore),
    tf.range(0, B * N, N, "int32"),
  );
}

/** Scores of each query's own passages, shape `[B, N]`. */
export function ownScores(queries: Tensor2D, passages: Tensor2D): Tensor2D {
  const [B, D] = queries.shape;
  const N = passages.shape[0] / B;
  const products = tf.matMul(
    tf.reshape(passages, [B, N, D]),
    tf.reshape(queries, [B, D, 1]),
  );
  return tf.squeeze(products, [2]);
}

/** Scores with the ignored ones replaced. */
function without(scores: Tensor2D, ignore?: Uint8Array): Tensor2D {
  if (!ignore?.includes(1)) return scores;
  const kept = tf.tensor2d(
    Float32Array.from(ignore, (x) => 1 - x),
    scores.shape,
  );
  const lowered = tf.tensor2d(
    Float32Array.from(ignore, (x) => x * IGNORED),
    scores.shape,
  );
  return tf.add(tf.mul(scores, kept), lowered);
}

/** The columns i·N … i·N+N-1 of each row i, shape `[B, N]`. */
function ownColumns(mask: Uint8Array, B: number, N: number): Uint8Array {
  const own = new Uint8Array(B * N);
  for (let i = 0; i < B; i++) {
    const start = i * B * N + i * N;
    own.set(mask.subarray(start, start + N), i * N);
  }
  return own;
}

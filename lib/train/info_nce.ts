import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "../backend/mod.ts";
import {
  type Batch,
  falseNegatives,
  type SharedColumns,
} from "../sampling/mod.ts";
import { DEFAULT_SCORE_MB, DEFAULT_TEMPERATURE } from "../base/defaults.ts";
import { listedColumns } from "../base/shared_columns.ts";
import { crossEntropy, tiledCrossEntropy } from "../backend/kernels/mod.ts";
import { without } from "./without.ts";

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
  /**
   * Compare a query with passages of its own task alone, where a batch has several.
   * @default {false}
   */
  withinTask?: boolean;
  /**
   * Largest matrix of scores, `[B, B·N]`, that is held in memory, in MiB, > 0. A
   * larger one is computed in tiles, forward and again for its gradient: the same
   * losses but for rounding, and memory grows with B, not with its square.
   * @default {8}
   */
  scoreMb?: number;
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
  /**
   * 1 where a passage must not count, shape `[B, B·N]` row-major; or the columns of
   * each row that must not, as `falseNegatives()` lists them. A positive counts in
   * any case.
   */
  ignore?: Uint8Array | SharedColumns | undefined;
  /** As for {@linkcode infoNce}. @default {8} */
  scoreMb?: number | undefined;
}

/** Edge of a tile at most: larger ones are no faster. */
const LARGEST_TILE = 2048;

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
    withinTask = false,
    scoreMb = DEFAULT_SCORE_MB,
  }: InfoNceOptions = {},
): LossFunction {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(
      `Cannot compute InfoNCE: temperature must be a number > 0: got ${temperature}`,
    );
  }
  if (!(scoreMb > 0)) {
    throw new RangeError(
      `Cannot compute InfoNCE: scoreMb must be a number > 0: got ${scoreMb}`,
    );
  }
  return (queries, passages, batch) =>
    contrastiveLosses(queries, passages, {
      temperature,
      negatives,
      ignore: maskFalseNegatives || withinTask
        ? falseNegatives(batch, {
          known: maskFalseNegatives,
          otherTasks: withinTask,
        })
        : undefined,
      scoreMb,
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
  { temperature, negatives, ignore, scoreMb = DEFAULT_SCORE_MB }:
    ContrastiveLossesOptions,
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
  const leaveOut = ignore instanceof Uint8Array
    ? listedColumns(ignore, B)
    : ignore;
  if (negatives === "hard-only") {
    const scores = ownScores(queries, passages); // [B, N]
    return crossEntropy(
      without(tf.div(scores, temperature), leaveOut, {
        each: N,
        ownOnly: true,
      }),
      tf.zeros([B], "int32"),
    );
  }
  const side = tileSide(B * B * N, scoreMb);
  if (side !== undefined) {
    return tiledCrossEntropy(queries, passages, {
      labels: Int32Array.from({ length: B }, (_, i) => i * N),
      scale: 1 / temperature,
      leaveOut,
      rows: side,
      columns: side,
    });
  }
  const scores = tf.matMul(queries, passages, false, true); // [B, B·N]
  return crossEntropy(
    without(tf.div(scores, temperature), leaveOut, { each: N }),
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

/** Edge of a square tile in scores; nothing where all of them may be in memory. */
function tileSide(scores: number, scoreMb: number): number | undefined {
  const most = scoreMb * 2 ** 20 / 4;
  if (scores <= most) return;
  const side = Math.max(1, Math.min(LARGEST_TILE, Math.floor(Math.sqrt(most))));
  return side < 256 ? side : side - side % 256;
}

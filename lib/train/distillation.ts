import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "../backend/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import { DEFAULT_TEMPERATURE } from "../base/defaults.ts";
import { infoNce, type LossFunction, ownScores } from "./info_nce.ts";

/** Options for {@linkcode distillation}. */
export interface DistillationOptions {
  /** Divides the student's scores, no unit, > 0. @default {0.05} */
  temperature?: number;
  /** Divides the teacher's scores, no unit, > 0. @default {1} */
  teacherTemperature?: number;
  /** Factor on the divergence, >= 0. @default {1} */
  weight?: number;
  /**
   * What the divergence is added to; `null` for nothing.
   * @default {infoNce with this temperature}
   */
  loss?: LossFunction | null;
  /**
   * The teacher's scores of each query's own passages, shape `[B, N]`
   * row-major, e.g. a cross-encoder's.
   * @default {the passages' `score`, `ce_score` in the files}
   */
  teacher?: (batch: Batch) => ArrayLike<number>;
}

/**
 * Distillation (spec section 6.5): adds to a loss how far the student's
 * distribution over a query's own passages is from the teacher's, in nats:
 * Σⱼ t·(log t − log s), with s = softmax(scores / temperature).
 *
 * An example gets its own divergence; the reference code adds the batch's mean
 * to all, which is the same for the mean loss.
 *
 * @param options Temperatures, weight, the loss it is added to, the teacher.
 * @returns The loss, as training takes it.
 * @throws {RangeError} If an option is out of range; in training, if a
 * passage has no teacher's score.
 *
 * @example Usage
 * ```ts
 * import { distillation } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches } from "@tdro/tdro/sampling";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const rows = [{
 *   domain: 0,
 *   query: { id: "q", text: "query" },
 *   positives: [{ id: "p", text: "relevant", score: 2 }],
 *   negatives: [{ id: "n", text: "not relevant", score: 0 }],
 * }];
 * const [batch] = batches([rows], [1], { size: 1, seed: 1, count: 1 });
 * const loss = distillation({ temperature: 1, loss: null }); // the divergence alone
 * const of = (passages: number[][]) =>
 *   loss(tf.tensor2d([[1]]), tf.tensor2d(passages), batch!).dataSync()[0]!;
 * assert.ok(Math.abs(of([[2], [0]])) < 1e-6); // the student agrees with the teacher
 * assert.ok(of([[0], [2]]) > 0.1);
 * ```
 */
export function distillation(
  {
    temperature = DEFAULT_TEMPERATURE,
    teacherTemperature = 1,
    weight = 1,
    loss = infoNce({ temperature }),
    teacher = passageScores,
  }: DistillationOptions = {},
): LossFunction {
  for (
    const [name, value] of Object.entries({ temperature, teacherTemperature })
  ) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot distil: ${name} must be a number > 0: got ${value}`,
    );
  }
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(
      `Cannot distil: weight must be a number >= 0: got ${weight}`,
    );
  }
  return (queries, passages, batch) => {
    const divergence = tf.mul(
      distillationLosses(queries, passages, {
        temperature,
        teacherTemperature,
        teacherScores: teacher(batch),
      }),
      weight,
    );
    return loss
      ? tf.add(loss(queries, passages, batch), divergence)
      : divergence as Tensor1D;
  };
}

/** Options for {@linkcode distillationLosses}. */
export interface DistillationLossesOptions {
  /** Divides the student's scores, no unit, > 0. */
  temperature: number;
  /** Divides the teacher's scores, no unit, > 0. */
  teacherTemperature: number;
  /** Shape `[B, N]` row-major. */
  teacherScores: ArrayLike<number>;
}

/**
 * The divergence alone, of given embeddings.
 *
 * @param queries Embeddings, shape `[B, D]`.
 * @param passages Embeddings, shape `[B·N, D]`, query-major.
 * @param options Temperatures and the teacher's scores.
 * @returns Σⱼ t·(log t − log s) of each query in nats, shape `[B]`; the caller
 * owns them.
 * @throws {RangeError} If there isn't a finite score for each passage.
 *
 * @example Usage
 * ```ts
 * import { distillationLosses } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const [loss] = distillationLosses(tf.tensor2d([[1]]), tf.tensor2d([[3], [5]]), {
 *   temperature: 1,
 *   teacherTemperature: 1,
 *   teacherScores: [0, 2],
 * }).dataSync();
 * assert.ok(Math.abs(loss!) < 1e-6); // the student agrees with the teacher
 * ```
 */
export function distillationLosses(
  queries: Tensor2D,
  passages: Tensor2D,
  { temperature, teacherTemperature, teacherScores }: DistillationLossesOptions,
): Tensor1D {
  const [count] = passages.shape;
  const B = queries.shape[0];
  const scores = Float64Array.from(teacherScores);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (scores.length !== count || bad >= 0) {
    throw new RangeError(
      `Cannot distil: the teacher's scores must be finite, one for each of the ${count} passages: got ${
        bad < 0 ? scores.length : `${scores[bad]} at ${bad}`
      }; give passages a score (ce_score), or a teacher`,
    );
  }
  const { shares, entropy } = softmaxRows(
    scores.map((score) => score / teacherTemperature),
    count / B,
  );
  const student = tf.logSoftmax(
    tf.div(ownScores(queries, passages), temperature),
  ); // [B, N]
  const crossed = tf.sum(
    tf.mul(student, tf.tensor2d(shares, [B, count / B])),
    1,
  );
  return tf.sub(tf.tensor1d(entropy), crossed);
}

/** Softmax of each row, and Σ t·log t, in float64. */
function softmaxRows(scores: Float64Array, N: number) {
  const shares = new Float32Array(scores.length);
  const entropy = new Float32Array(scores.length / N);
  for (let i = 0; i < entropy.length; i++) {
    const row = scores.subarray(i * N, (i + 1) * N);
    const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = row.reduce((sum, s) => sum + Math.exp(s - top), 0);
    row.forEach((s, j) => {
      const log = s - top - Math.log(total);
      shares[i * N + j] = Math.exp(log);
      entropy[i]! += Math.exp(log) * log;
    });
  }
  return { shares, entropy };
}

/** The scores that came with the passages; NaN where one is missing. */
function passageScores({ examples }: Batch): number[] {
  return examples.flatMap((e) => e.passages.map((p) => p.score ?? NaN));
}

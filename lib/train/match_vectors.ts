import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D } from "../backend/mod.ts";
import type { LossFunction } from "./info_nce.ts";

/** Options for {@linkcode matchVectors}. */
export interface MatchVectorsOptions {
  /** Factor on the squared error, >= 0. @default {1} */
  squared?: number;
  /** Factor on 1 − cos, >= 0: λ of the paper, which doesn't tell its value. @default {1} */
  cosine?: number;
}

/** Least length that a vector is divided by. */
const LEAST = 1e-12;

/**
 * How far a student's query vectors f are from a teacher's t (ScalingNote,
 * arXiv 2411.15766): `squared · mean((f − t)²) + cosine · (1 − cos(f, t))`.
 *
 * The squared error is the mean over the vector's components, and training takes
 * the mean over the batch. Neither vector is normalised here but for the cosine:
 * where the models' own vectors have length 1, ‖f − t‖² = 2 − 2 cos(f, t), and the
 * two terms say the same; only otherwise do they differ.
 *
 * Training takes the targets in place of passages, one for each query, as
 * `frozenPassages`.
 *
 * @param options Factors of the two terms.
 * @returns The loss, as training takes it.
 * @throws {RangeError} If a factor is out of range, or both are 0; in training, if
 * there isn't one target for each query.
 *
 * @example Usage
 * ```ts
 * import { matchVectors } from "@tdro/tdro/train";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { batches } from "@tdro/tdro/sampling";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const rows = [{
 *   domain: 0,
 *   query: { id: "q", text: "query" },
 *   positives: [{ id: "target", text: "" }],
 *   negatives: [],
 * }];
 * const [batch] = batches([rows], [1], { size: 1, passages: 1, seed: 1, count: 1 });
 * const loss = matchVectors();
 * const [value] = loss(tf.tensor2d([[3, 0]]), tf.tensor2d([[0, 3]]), batch!).dataSync();
 * assert.ok(Math.abs(value! - (9 + 1)) < 1e-5); // (3² + 3²) / 2, and cos = 0
 * ```
 */
export function matchVectors(
  { squared = 1, cosine = 1 }: MatchVectorsOptions = {},
): LossFunction {
  for (const [name, value] of Object.entries({ squared, cosine })) {
    if (value >= 0 && Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot match vectors: ${name} must be a number >= 0: got ${value}`,
    );
  }
  if (squared === 0 && cosine === 0) {
    throw new RangeError(
      "Cannot match vectors: squared or cosine must be > 0: got 0 for both",
    );
  }
  return (queries, targets) => {
    if (`${queries.shape}` !== `${targets.shape}`) {
      throw new TypeError(
        `Cannot match vectors: targets must have the queries' shape [${queries.shape}]: got [${targets.shape}]; draw batches with passages: 1`,
      );
    }
    const error = tf.mean(tf.squaredDifference(queries, targets), 1);
    const lengths = tf.sqrt(
      tf.mul(
        tf.sum(tf.square(queries), 1),
        tf.sum(tf.square(targets), 1),
      ),
    );
    const cosines = tf.div(
      tf.sum(tf.mul(queries, targets), 1),
      tf.maximum(lengths, LEAST),
    );
    return tf.add(
      tf.mul(error, squared),
      tf.mul(tf.sub(1, cosines), cosine),
    ) as Tensor1D;
  };
}

import * as tf from "@tensorflow/tfjs-core";
import { l2Normalize } from "../backend/kernels/mod.ts";
import type { Tensor1D, Tensor2D } from "../backend/mod.ts";
import { infoNce, type LossFunction } from "./info_nce.ts";

/** Options for {@linkcode matryoshka}. */
export interface MatryoshkaOptions {
  /**
   * Lengths at which vectors are to be useful, each an integer >= 1 and at most
   * the model's own, which should be among them.
   */
  dims: readonly number[];
  /** Factor on the loss at each length, finite and >= 0. @default {1 each} */
  weights?: readonly number[] | undefined;
  /** What is computed at each length. @default {infoNce()} */
  loss?: LossFunction;
  /**
   * Divide the vectors by their norm once they are cut, as whoever searches with
   * cut vectors does. Turn it off for a model whose vectors aren't normalised.
   * @default {true}
   */
  normalize?: boolean;
}

/**
 * Matryoshka representation learning (Kusupati et al., arXiv 2205.13147): the sum
 * of a loss over vectors of several lengths, each the first components of the
 * whole vector, normalised after the cut. A model so trained gives good short
 * vectors: keep the first components and normalise.
 *
 * The sum isn't divided by the number of lengths: as in sentence-transformers'
 * MatryoshkaLoss, a loss of 1 at each of four lengths is a loss of 4.
 *
 * @param options Lengths, their weights, and the loss.
 * @returns The loss, as training takes it.
 * @throws {RangeError} If there is no length, or one is out of range or given twice;
 * in training, if one is larger than the model's vectors.
 *
 * @example Usage
 * ```ts
 * import { infoNce, matryoshka } from "@tdro/tdro/train";
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
 *   negatives: [],
 * });
 * const [batch] = batches([[row("a"), row("b")]], [1], {
 *   size: 2, seed: 1, passages: 1, count: 1,
 * });
 * const vectors = tf.tensor2d([[1, 0], [0.6, 0.8]]);
 * const loss = matryoshka({ dims: [2, 1], loss: infoNce({ temperature: 1 }) });
 * const [whole, both] = [infoNce({ temperature: 1 }), loss].map((each) =>
 *   each(vectors, vectors, batch!).dataSync()[0]!
 * );
 * // Cut to one component both queries are 1, so the positive has a chance of 1/2.
 * assert.ok(Math.abs(both! - whole! - Math.log(2)) < 1e-6);
 * ```
 */
export function matryoshka(
  { dims, weights, loss = infoNce(), normalize = true }: MatryoshkaOptions,
): LossFunction {
  const factors = weightByDim(dims, weights);
  return (queries, passages, batch) => {
    const terms = factors.map(([dim, weight]) =>
      tf.mul(
        loss(
          cut(queries, dim, normalize),
          cut(passages, dim, normalize),
          batch,
        ),
        weight,
      )
    );
    return tf.addN(terms) as Tensor1D;
  };
}

/** The lengths with their weights; throws at what can't be one. */
function weightByDim(
  dims: readonly number[],
  weights: readonly number[] = dims.map(() => 1),
): [dim: number, weight: number][] {
  if (dims.length === 0) throw cannot("dims must name a length: got none");
  if (weights.length !== dims.length) {
    throw cannot(
      `weights must be as many as dims, ${dims.length}: got ${weights.length}`,
    );
  }
  for (const [i, dim] of dims.entries()) {
    if (!Number.isInteger(dim) || dim < 1) {
      throw cannot(`dims must be integers of at least 1: got ${dim}`);
    }
    if (dims.indexOf(dim) < i) {
      throw cannot(`dims must differ: got ${dim} twice`);
    }
    const weight = weights[i]!;
    if (!(weight >= 0 && weight < Infinity)) {
      throw cannot(`weights must be finite and >= 0: got ${weight}`);
    }
  }
  if (weights.every((weight) => weight === 0)) {
    throw cannot("a weight must be above 0: got none");
  }
  return dims.map((dim, i) => [dim, weights[i]!]);
}

/** The first components of each row. */
function cut(vectors: Tensor2D, dim: number, normalize: boolean): Tensor2D {
  const [rows, length] = vectors.shape;
  if (dim > length) {
    throw cannot(
      `dims must be at most the vectors' length, ${length}: got ${dim}`,
    );
  }
  const first = tf.slice(vectors, [0, 0], [rows, dim]);
  return normalize ? l2Normalize(first) : first;
}

function cannot(why: string): RangeError {
  return new RangeError(`Cannot compute a Matryoshka loss: ${why}`);
}

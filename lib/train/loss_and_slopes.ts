import * as tf from "@tensorflow/tfjs-core";
import {
  readValues,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "../backend/mod.ts";
import type { Batch } from "../sampling/mod.ts";
import { gradientGram } from "./gradient_gram.ts";
import type { GradientSettings } from "./gradient_pass.ts";
import type { Gradients } from "./gradients.ts";

/** What {@linkcode lossAndSlopes} depends on beside vectors and batch. */
export interface LossSettings
  extends Pick<GradientSettings, "loss" | "weigh" | "check"> {
  /** Gradients by slopes of the vectors, taken so that others can follow. */
  gradientsOf(slopes: [Tensor, Tensor]): Promise<Gradients>;
}

/** Losses of a batch, and their gradient by its vectors. */
export interface LossAndSlopes {
  /** Σ weight · loss. */
  loss: number;
  /** Loss of each example. */
  losses: Float32Array;
  /** By the queries' and the passages' vectors; the caller frees them. */
  slopes: [Tensor, Tensor];
}

/**
 * Losses, their weighted sum, and its gradient by the vectors.
 *
 * Where the weights depend on the losses, those are computed twice: they have to be
 * read before the gradient is taken, `tf.grads` takes it in the same synchronous
 * call that computes the loss, and WebGPU can only be read asynchronously.
 */
export async function lossAndSlopes(
  [queries, passages]: [Tensor2D, Tensor2D],
  batch: Batch,
  { loss, weigh, check, gradientsOf }: LossSettings,
): Promise<LossAndSlopes> {
  const lossOf = (q: Tensor, p: Tensor) =>
    loss(q as Tensor2D, p as Tensor2D, batch);
  let each: Tensor1D | undefined;
  const slopesBy = (weights: readonly number[]) =>
    tf.tidy(() => {
      const shares = tf.tensor1d([...weights]);
      return tf.grads((q: Tensor, p: Tensor) => {
        const losses = lossOf(q, p);
        each ??= tf.keep(losses);
        return tf.sum(tf.mul(losses, shares));
      })([queries, passages]);
    }) as [Tensor, Tensor];
  const read = async () => {
    const losses = await readValues(each!);
    each!.dispose();
    check?.(losses, batch);
    return losses as Float32Array;
  };
  const report = (
    losses: Float32Array,
    weights: readonly number[],
    slopes: [Tensor, Tensor],
  ) => ({
    // Summed here: to read the sum, too, would make a GPU wait.
    loss: losses.reduce((sum, loss, i) => sum + loss * weights[i]!, 0),
    losses,
    slopes,
  });
  if (weigh) {
    each = tf.tidy(() => lossOf(queries, passages));
    const losses = await read();
    const weights = await weigh(
      losses,
      batch,
      (rows) =>
        gradientGram(rows, async (own) => {
          const slopes = slopesBy(own);
          try {
            return await gradientsOf(slopes);
          } finally {
            tf.dispose(slopes);
          }
        }),
    );
    return report(losses, weights, slopesBy(weights));
  }
  const B = queries.shape[0];
  const weights = Array<number>(B).fill(1 / B);
  let slopes: [Tensor, Tensor] | undefined;
  try {
    slopes = slopesBy(weights);
    return report(await read(), weights, slopes);
  } catch (error) {
    // A loss that isn't finite says more than what came of it.
    if (!slopes && each) await read();
    tf.dispose(slopes ?? []);
    throw error;
  }
}

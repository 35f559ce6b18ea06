import * as tf from "@tensorflow/tfjs-core";
import type { Encoder } from "../../lib/model/mod.ts";
import { type Batch, batches } from "../../lib/sampling/mod.ts";
import {
  type StepReport,
  train,
  type TrainOptions,
} from "../../lib/train/mod.ts";
import { toyRows } from "./_toy_rows.ts";

/** All reports of a training run. */
export async function collect(
  steps: AsyncIterable<StepReport>,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const step of steps) reports.push(step);
  return reports;
}

/** Batches of the toy rows, of both tasks. */
export function toyBatches(count: number, size = 4): Iterable<Batch> {
  return batches(toyRows(), [0.5, 0.5], {
    size,
    seed: 3,
    homogeneous: false,
    count,
  });
}

/** All values of an encoder's parameters in one list. */
export function values(encoder: Encoder): number[] {
  return [...encoder.parameters.values()].flatMap((p) => [...p.dataSync()]);
}

/** Most bytes of tensors alive at any time while a run of updates is made. */
export async function peakBytes(
  encoder: Encoder,
  drawn: Iterable<Batch>,
  options: TrainOptions,
): Promise<number> {
  const start = tf.memory().numBytes;
  let peak = 0;
  // Each kernel that ran leaves a moment to look at.
  const { kernels } = await tf.profile(async () => {
    await collect(train(encoder, drawn, options));
    return tf.scalar(0);
  });
  for (const { totalBytesSnapshot } of kernels) {
    peak = Math.max(peak, totalBytesSnapshot - start);
  }
  return peak;
}

/** Sizes of all tensors that a run of updates made. */
export async function shapesMade(
  encoder: Encoder,
  drawn: Iterable<Batch>,
  options: TrainOptions,
): Promise<Set<string>> {
  const { kernels } = await tf.profile(async () => {
    await collect(train(encoder, drawn, options));
    return tf.scalar(0);
  });
  return new Set(kernels.flatMap((k) => k.outputShapes.map(String)));
}

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

/** What a piece of work made on the way. */
export interface Made {
  /** Most bytes of tensors alive at any time, beyond those at the start. */
  peakBytes: number;
  /** Shapes of all tensors, e.g. `"3,4"`. */
  shapes: Set<string>;
}

/**
 * Looks at every tensor that is made while work is done, by whatever kernel:
 * `tf.profile` doesn't see those that aren't tfjs's own.
 */
export async function watchTensors(work: () => unknown): Promise<Made> {
  const engine = tf.engine() as unknown as {
    trackTensor(tensor: tf.Tensor, backend: unknown): void;
  };
  const start = tf.memory().numBytes;
  const made: Made = { peakBytes: 0, shapes: new Set() };
  const original = engine.trackTensor;
  engine.trackTensor = function (tensor, backend) {
    original.call(this, tensor, backend);
    made.shapes.add(tensor.shape.join());
    made.peakBytes = Math.max(made.peakBytes, tf.memory().numBytes - start);
  };
  try {
    await work();
  } finally {
    engine.trackTensor = original;
  }
  return made;
}

/** {@linkcode watchTensors} over a run of updates. */
export function watchUpdates(
  encoder: Encoder,
  drawn: Iterable<Batch>,
  options: TrainOptions,
): Promise<Made> {
  return watchTensors(() => collect(train(encoder, drawn, options)));
}

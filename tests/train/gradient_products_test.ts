import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { addLora, disposeEncoder, type Encoder } from "../../lib/model/mod.ts";
import { denseGradient } from "../../lib/backend/kernels/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import {
  batchGradients,
  infoNce,
  train,
  trainable,
  type TrainOptions,
} from "../../lib/train/mod.ts";
import type { Workers } from "../../lib/workers/mod.ts";
import { onBackends } from "../_backends.ts";
import { familyEncoder } from "../model/_family_encoders.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { leading } from "../workers/_in_process.ts";
import { collect, toyBatches, values } from "./_collect.ts";

const SETTINGS = {
  learningRate: 1e-2,
  loss: infoNce({ temperature: 0.1 }),
  dropout: 0.1,
  seed: 7,
} satisfies TrainOptions;

/** Weights whose gradients are compared: two parts, and all. */
const ROWS = [
  [1, 1, 1, 0, 0, 0],
  [0, 0, 0, 0.5, 1, 2],
  [1, 1, 1, 1, 1, 1],
];

/** One update, with the products that the weights were told of. */
async function update(
  { make = smallEncoder, measure = true, workers, ...options }:
    & TrainOptions
    & { make?: () => Encoder; measure?: boolean; workers?: Workers },
) {
  const encoder = make();
  let products: number[][] = [];
  const [report] = await collect(train(encoder, toyBatches(1, 6), {
    ...SETTINGS,
    ...options,
    workers,
    async weigh(losses, _, gradientProducts) {
      if (measure) products = await gradientProducts(ROWS);
      return [...losses].map(() => 1 / losses.length);
    },
  }));
  const after = values(encoder);
  disposeEncoder(encoder);
  return { report: report!, values: after, products };
}

/** The same products from gradients that are taken one by one. */
async function apart(make: () => Encoder): Promise<number[][]> {
  const encoder = make();
  const names = [...trainable(encoder).keys()];
  const [batch] = toyBatches(1, 6);
  const all: number[][] = [];
  for (const row of ROWS) {
    const { gradients } = await batchGradients(encoder, batch!, {
      ...SETTINGS,
      weigh: () => row,
    });
    all.push(names.flatMap((name) => {
      const gradient = gradients[name];
      return gradient ? [...denseGradient(gradient).dataSync()] : [];
    }));
    Object.values(gradients).forEach((g) => g.dispose());
  }
  disposeEncoder(encoder);
  return all.map((a) =>
    all.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0))
  );
}

/** Largest difference, in units of the largest product. */
function difference(a: number[][], b: number[][]): number {
  const most = Math.max(...b.flat().map(Math.abs));
  return Math.max(
    ...a.flat().map((value, i) => Math.abs(value - b.flat()[i]!)),
  ) / most;
}

const KINDS: Record<string, TrainOptions & { make?: () => Encoder }> = {
  "BERT, dropout": {},
  "a decoder with LoRA": {
    make: () =>
      addLora(familyEncoder("qwen3"), {
        rng: createRng(1, "lora"),
        rank: 2,
        targets: "all-linear",
      }),
  },
  checkpointing: { checkpointing: true },
  GradCache: { gradCache: { chunk: 2 } },
};

for (const [name, kind] of Object.entries(KINDS)) {
  onBackends(`gradient products are those of gradients: ${name}`, async () => {
    const expected = await apart(kind.make ?? smallEncoder);
    const { numTensors } = tf.memory();
    const { products, values } = await update(kind);
    assert.ok(difference(products, expected) < 1e-5);
    assert.equal(tf.memory().numTensors, numTensors, "nothing is left");
    // To measure changes nothing of the update.
    const plain = await update({ ...kind, measure: false });
    assert.deepEqual(values, plain.values);
  });
}

onBackends(
  "gradient products of several workers are those of one",
  async () => {
    const one = await update({});
    for (const more of [{}, { slots: 2 }, { gradCache: { chunk: 2 } }]) {
      const several = await leading(
        2,
        (workers) => update({ ...more, workers }),
      );
      assert.ok(difference(several.products, one.products) < 1e-5);
    }
  },
);

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { AdamW } from "../../lib/train/mod.ts";
import { noise, onBackends } from "../_backends.ts";
import { denseGradient, rowGradient } from "../../lib/backend/kernels/mod.ts";

onBackends("AdamW: rows give the bits that the full gradient gives", () => {
  const shape: [number, number] = [40, 3];
  const [rows, full] = [0, 1].map(() =>
    tf.tidy(() => tf.variable(tf.tensor2d(noise(120), shape)))
  ) as [tf.Variable, tf.Variable];
  const [byRows, byFull] = [rows, full].map((p) =>
    new AdamW(new Map([["embeddings.weight", p]]), { weightDecay: 0.1 })
  ) as [AdamW, AdamW];
  const update = { learningRate: 0.01, gradientFactor: 0.3 };
  // Other rows in each update, so that moments of untouched rows must decay.
  [[7, 3, 7], [3, 30, 31], [1, 1, 1]].forEach((ids, i) => {
    const dy = tf.tensor2d(noise(9, i + 5), [3, 3]);
    const gradient = rowGradient(Int32Array.from(ids), dy, shape);
    const whole = denseGradient(gradient);
    byRows.apply({ "embeddings.weight": gradient }, update);
    byFull.apply({ "embeddings.weight": whole }, update);
    gradient.dispose();
    tf.dispose([dy, whole]);
  });
  assert.deepEqual(rows.dataSync(), full.dataSync());
  assert.notDeepEqual(rows.dataSync(), noise(120));
  byRows.dispose();
  byFull.dispose();
  tf.dispose([rows, full]);
});

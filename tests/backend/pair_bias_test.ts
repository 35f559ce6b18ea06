import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { checkGradient, noise, onBackends } from "../_backends.ts";
import { pairBias } from "../../lib/backend/kernels/mod.ts";

onBackends("pairBias() lays a table out by head, and has its gradient", () => {
  const rows = Int32Array.of(0, 2, 2, 1, 0, 2, 1, 1, 0);
  const values = noise(6, 3);
  const bias = tf.tidy(() =>
    pairBias(tf.tensor2d(values, [3, 2]), { rows }).dataSync()
  );
  const want = [0, 1].flatMap((head) =>
    Array.from(rows, (row) => values[2 * row + head]!)
  );
  assert.deepEqual([...bias], want);
  checkGradient(
    (table) => pairBias(table as tf.Tensor2D, { rows }),
    [{ shape: [3, 2], values }],
  );
});

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import { maxDifference, noise } from "../_backends.ts";
import { onWebgpu, read } from "../_webgpu.ts";
import {
  add,
  attention,
  crossEntropy,
  embedding,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  relu,
  scale,
  Tape,
  weightedRows,
} from "../../lib/backend/kernels/mod.ts";

// deno-lint-ignore no-explicit-any
type Kernel = (tape: Tape, ...inputs: any[]) => tf.Tensor;

const sequences = { offsets: Int32Array.of(0, 3, 3, 7, 8) };
const ids = (...values: number[]) => tf.tensor1d(values, "int32");

/** Each kernel with the shapes of what it is differentiated by. */
const KERNELS: [string, number[][], Kernel][] = [
  ["add", [[5, 4], [5, 4]], (tape, x, y) => add(x, y, { tape })],
  ["scale", [[5, 4]], (tape, x) => scale(x, { factor: 3, tape })],
  [
    "linear",
    [[8, 6], [5, 6], [5]],
    (tape, x, w, bias) => linear(x, w, { bias, tape }),
  ],
  [
    "linear, wide",
    [[128, 64], [96, 64]],
    (tape, x, w) => linear(x, w, { tape }),
  ],
  ["gelu", [[8, 6]], (tape, x) => gelu(x, { tape })],
  ["gelu, tanh", [[8, 6]], (tape, x) => gelu(x, { form: "tanh", tape })],
  ["relu", [[8, 6]], (tape, x) => relu(x, { tape })],
  [
    "layerNorm",
    [[8, 6], [6], [6]],
    (tape, x, g, b) => layerNorm(x, g, b, { eps: 1e-5, tape }),
  ],
  ["l2Normalize", [[8, 6]], (tape, x) => l2Normalize(x, { tape })],
  [
    "embedding",
    [[5, 6]],
    (tape, table) =>
      embedding(table, Int32Array.of(0, 1, 1, 4, 4, 4, 2), { tape }),
  ],
  [
    "attention",
    [[8, 8], [8, 8], [8, 8]],
    (tape, q, k, v) =>
      attention(q, k, v, { sequences, heads: 2, scale: 0.5, tape }),
  ],
  [
    "attention, causal and grouped",
    [[8, 8], [8, 4], [8, 4]],
    (tape, q, k, v) =>
      attention(q, k, v, {
        sequences,
        heads: 4,
        keyHeads: 2,
        scale: 0.5,
        causal: true,
        softcap: 2,
        tape,
      }),
  ],
  [
    "crossEntropy of logits of ±500",
    [[4, 9]],
    (tape, x) =>
      crossEntropy(scale(x, { factor: 500, tape }), ids(0, 3, 2, 8), { tape }),
  ],
  [
    "weightedRows",
    [[8, 6]],
    (tape, x) => weightedRows(x, tf.tensor2d(noise(24, 5), [3, 8]), { tape }),
  ],
];

/** Output and gradients of a kernel on the active backend. */
async function results(shapes: number[][], kernel: Kernel) {
  const inputs = shapes.map((shape, i) =>
    tf.tidy(() => {
      const size = shape.reduce((a, b) => a * b, 1);
      return tf.variable(tf.tensor(noise(size, i + 1), shape, "float32"));
    })
  );
  const tape = new Tape();
  const y = tf.tidy(() => kernel(tape, ...inputs));
  const dy = tf.tensor(noise(y.size, 9), y.shape, "float32");
  const gradients = tape.backward([[y, dy]]);
  const values = await read([y, ...inputs.map((x) => gradients.get(x)!)]);
  tf.dispose([...inputs, dy]);
  return values;
}

for (const [name, shapes, kernel] of KERNELS) {
  onWebgpu(`${name}: value and gradients equal wasm's`, async () => {
    // Our own kernels: webgpu_kernels_test.ts.
    await useBackend("webgpu", { native: false });
    const got = await results(shapes, kernel);
    await useBackend("wasm");
    const want = await results(shapes, kernel);
    // Sums of up to 128 products of numbers below 1: float32 keeps 1e-5.
    got.forEach((values, i) =>
      assert.ok(maxDifference(values, want[i]!) < 2e-5, `${name}, result ${i}`)
    );
  });
}

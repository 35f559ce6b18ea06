import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  readValues,
  useBackend,
  type Variable,
} from "../../lib/backend/mod.ts";
import {
  adamWUpdate,
  type Gradient,
  RowGradient,
  squareSum,
} from "../../lib/backend/kernels/mod.ts";
import { maxDifference, noise } from "../_backends.ts";
import { onWebgpu } from "../_webgpu.ts";

const NUMBERS = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, stepSize: 0.02 };

/** Parameters after three updates, read between them, and the gradients' squares. */
async function updated(): Promise<number[][]> {
  const variable = (seed: number, shape: number[], factor = 1): Variable =>
    tf.tidy(() => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = noise(size, seed).map((x) => factor * x);
      return tf.variable(tf.tensor(values, shape));
    });
  const rows = (ids: number[]) =>
    new RowGradient(
      Int32Array.from(ids),
      tf.tensor2d(noise(ids.length * 7, 5), [ids.length, 7]),
      [50, 7],
    );
  const gradients: Gradient[] = [
    tf.tensor2d(noise(33 * 9, 4), [33, 9]),
    rows([0, 3, 4, 20, 49]),
    rows([]),
    rows([7]),
    ...Array.from({ length: 7 }, (_, i) => tf.tensor1d(noise(5 + i, i))),
  ];
  const slots = gradients.map((gradient, i) => {
    const parameter = variable(i + 1, [...gradient.shape]);
    const [m, v] = [0, 1].map(() => variable(1, [...gradient.shape], 0));
    return { parameter, m: m!, v: v!, gradient, kept: i % 2 ? 1 : 0.99 };
  });
  const seen: number[][] = [];
  for (const gradientFactor of [1, 0.5, 2]) {
    adamWUpdate(slots, { ...NUMBERS, gradientFactor });
    // What was read before an update must not be read again after it.
    for (const { parameter } of slots) {
      seen.push([...await readValues(parameter)]);
    }
  }
  const sum = squareSum(gradients.filter((g) => !g.isDisposed));
  seen.push([...await readValues(sum)]);
  sum.dispose();
  for (const { parameter, m, v, gradient } of slots) {
    tf.dispose([parameter, m, v]);
    gradient.dispose();
  }
  return seen;
}

onWebgpu("updates, and the norm of gradients, are those of wasm", async () => {
  const before = tf.memory().numTensors;
  const got = await updated();
  assert.equal(tf.memory().numTensors, before, "tensors leak");
  await useBackend("wasm", { native: false });
  const want = await updated();
  // Float32, three times over.
  got.forEach((values, i) =>
    assert.ok(
      maxDifference(values, want[i]!) < 1e-5 * Math.max(1, ...want[i]!),
      `result ${i}`,
    )
  );
});

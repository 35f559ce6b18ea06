import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { scatteredByProducts } from "../../../lib/backend/autograd/scattered_by_products.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import { onWebgpu, read } from "../../_webgpu.ts";

const NAME = "rows added up by products are those that a scatter adds";
onBackends(NAME, addsRows, ["tensorflow"]);
onWebgpu(NAME, addsRows);

async function addsRows(): Promise<void> {
  const [N, D, V] = [37, 5, 8];
  const ids = Int32Array.from({ length: N }, (_, i) => i * i % 7);
  const values = noise(N * D, 1);
  const want = new Float64Array(V * D);
  ids.forEach((id, i) => {
    for (let d = 0; d < D; d++) want[id * D + d]! += values[i * D + d]!;
  });
  const rows = tf.tensor2d(values, [N, D]);
  const before = tf.memory().numTensors;
  for (const most of [V, 10 * V, 1000]) { // row by row, in blocks, at once
    const sum = scatteredByProducts(ids, rows, V, most);
    assert.deepEqual(sum.shape, [V, D]);
    const [got] = await read([sum]);
    assert.ok(maxDifference(got!, want) < 1e-5);
  }
  const whole = scatteredByProducts(new Int32Array(N), rows, 1);
  const [column] = await read([whole]);
  assert.ok(maxDifference(column!, sums(values, D)) < 1e-5);
  const empty = tf.zeros<tf.Rank.R2>([0, D]);
  const none = scatteredByProducts(new Int32Array(), empty, V);
  const [zeros] = await read([none]);
  assert.deepEqual(zeros, Array(V * D).fill(0));
  empty.dispose();
  assert.equal(tf.memory().numTensors, before);
  rows.dispose();
}

/** Sums of the columns of rows of D numbers. */
function sums(values: Float32Array, D: number): Float64Array {
  const total = new Float64Array(D);
  values.forEach((x, i) => total[i % D]! += x);
  return total;
}

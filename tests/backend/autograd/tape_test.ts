import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import {
  add,
  addGradients,
  denseGradient,
  differentiableMany,
  embedding,
  gelu,
  linear,
  RowGradient,
  rowGradient,
  Tape,
} from "../../../lib/backend/kernels/mod.ts";

/** A small network in which x goes two ways and w serves twice. */
function network(x: tf.Tensor2D, w: tf.Tensor2D, tape?: Tape): tf.Tensor2D {
  const inner = gelu(linear(x, w, { tape }), { tape });
  return linear(add(inner, x, { tape }), w, { tape });
}

onBackends("Tape gives the gradients of tfjs and frees all else", () => {
  const w = tf.tidy(() => tf.variable(tf.tensor2d(noise(9, 2), [3, 3])));
  const x = tf.tensor2d(noise(12, 1), [4, 3]);
  const dy = tf.tensor2d(noise(12, 3), [4, 3]);
  const [wantX, wantW] = tf.grads((x, w) =>
    tf.sum(tf.mul(network(x as tf.Tensor2D, w as tf.Tensor2D), dy))
  )([x, w]) as [tf.Tensor, tf.Tensor];
  const before = tf.memory().numTensors;
  const tape = new Tape([x]);
  const y = tf.tidy(() => network(x, w, tape));
  assert.equal(tape.size, 4);
  const gradients = tape.backward([[y, dy]]);
  assert.equal(gradients.size, 2);
  assert.ok(
    maxDifference(gradients.get(x)!.dataSync(), wantX.dataSync()) < 1e-5,
  );
  assert.ok(
    maxDifference(gradients.get(w)!.dataSync(), wantW.dataSync()) < 1e-5,
  );
  tf.dispose([y, ...gradients.values()]);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([x, w, dy, wantX, wantW]);
});

onBackends("an operation with two outputs gets the gradients of both", () => {
  const x = tf.tensor1d([1, 2]);
  const dy = tf.tensor1d([10, 100]);
  const before = tf.memory().numTensors;
  // 2x and 3x; of the second alone, of both, and twice of the first.
  for (
    const [which, want] of [[[1], 3], [[0, 1], 5], [[0, 0], 4]] as const
  ) {
    const tape = new Tape([x]);
    const ys = differentiableMany(tape, [x], () => ({
      values: [tf.mul(x, 2), tf.mul(x, 3)],
      saved: [],
      backward: ([a, b]) => [tf.add(tf.mul(a!, 2), tf.mul(b!, 3))],
    }));
    assert.equal(tape.size, 1);
    const gradients = tape.backward(which.map((i) => [ys[i]!, dy]));
    assert.deepEqual([...gradients.get(x)!.dataSync()], [
      10 * want,
      100 * want,
    ]);
    tf.dispose([...ys, ...gradients.values()]);
  }
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([x, dy]);
});

onBackends("Tape leaves frozen variables and unused branches alone", () => {
  const frozen = tf.tidy(() =>
    tf.variable(tf.tensor2d(noise(9, 2), [3, 3]), false)
  );
  const w = tf.tidy(() => tf.variable(tf.tensor2d(noise(9, 4), [3, 3])));
  const x = tf.tensor2d(noise(12, 1), [4, 3]);
  const before = tf.memory().numTensors;
  const tape = new Tape();
  const first = linear(x, frozen, { tape });
  assert.equal(tape.size, 0, "nothing to differentiate yet");
  const y = linear(first, w, { tape });
  const unused = linear(first, w, { tape });
  const gradients = tape.backward([[y, tf.tidy(() => tf.onesLike(y))]]);
  assert.deepEqual([...gradients.keys()], [w]);
  tf.dispose([first, y, unused, ...gradients.values()]);
  // The ones above are the test's own.
  assert.equal(tf.memory().numTensors, before + 1);
  tf.dispose([x, w, frozen]);
});

onBackends("Tape.dispose() frees what was saved", () => {
  const w = tf.tidy(() => tf.variable(tf.tensor2d(noise(9, 2), [3, 3])));
  const x = tf.tensor2d(noise(12, 1), [4, 3]);
  const before = tf.memory().numTensors;
  const tape = new Tape();
  tf.dispose(tf.tidy(() => network(x, w, tape)));
  assert.ok(tf.memory().numTensors > before);
  tape.dispose();
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([x, w]);
});

onBackends(
  "Tape gives a table's gradient as the rows that were looked up",
  () => {
    const table = tf.tidy(() => tf.variable(tf.tensor2d(noise(400), [100, 4])));
    const before = tf.memory().numTensors;
    const look = (tape: Tape) => {
      const y = tf.tidy(() => {
        const once = embedding(table, Int32Array.of(7, 3, 7), { tape });
        return add(once, embedding(table, Int32Array.of(3, 3, 90), { tape }), {
          tape,
        });
      });
      const dy = tf.tensor2d(noise(12, 5), [3, 4]);
      return { y, dy };
    };
    const rows = new Tape();
    const first = look(rows);
    const gradient = rows.gradients([[first.y, first.dy]]).get(table)!;
    assert.ok(gradient instanceof RowGradient);
    assert.deepEqual([...gradient.ids], [3, 7, 90]);
    assert.deepEqual(gradient.rows.shape, [3, 4]);
    const dense = new Tape();
    const second = look(dense);
    const whole = dense.backward([[second.y, second.dy]]).get(table)!;
    const full = tf.tidy(() => denseGradient(gradient));
    assert.ok(maxDifference(full.dataSync(), whole.dataSync()) < 1e-6);
    gradient.dispose();
    tf.dispose([first.y, first.dy, second.y, second.dy, whole, full]);
    assert.equal(tf.memory().numTensors, before);
    table.dispose();
  },
);

onBackends("a small table's gradient comes in full", () => {
  const table = tf.tidy(() => tf.variable(tf.tensor2d(noise(8), [4, 2])));
  const tape = new Tape();
  const y = tf.tidy(() => embedding(table, Int32Array.of(0, 3), { tape }));
  const gradient = tape.gradients([[y, y]]).get(table)!;
  assert.ok(gradient instanceof tf.Tensor);
  tf.dispose([table, y, gradient]);
});

onBackends("addGradients() adds rows, tensors and one to the other", () => {
  const shape: [number, number] = [20, 1];
  const rows = (ids: number[], values: number[]) =>
    rowGradient(
      Int32Array.from(ids),
      tf.tensor2d(values, [values.length, 1]),
      shape,
    );
  const a = rows([5, 2, 5], [1, 2, 4]);
  const b = rows([2, 9], [8, 16]);
  const sum = addGradients(a, b);
  assert.ok(sum instanceof RowGradient);
  assert.deepEqual([...sum.ids], [2, 5, 9]);
  assert.deepEqual([...sum.rows.dataSync()], [10, 5, 16]);
  const mixed = addGradients(sum, tf.ones(shape)) as tf.Tensor;
  const want = new Array(20).fill(1);
  want[2] = 11, want[5] = 6, want[9] = 17;
  assert.deepEqual([...mixed.dataSync()], want);
});

onBackends("Tape: parameters names the variables that get a gradient", () => {
  const [w, v] = [1, 2].map((seed) =>
    tf.tidy(() => tf.variable(tf.tensor2d(noise(9, seed), [3, 3])))
  ) as [tf.Variable, tf.Variable];
  const x = tf.tensor2d(noise(6), [2, 3]);
  const tape = new Tape([], { parameters: [v] });
  const y = linear(linear(x, w as tf.Tensor2D, { tape }), v as tf.Tensor2D, {
    tape,
  });
  assert.equal(tape.size, 1);
  assert.deepEqual([...tape.backward([[y, y]]).keys()], [v]);
  tf.dispose([w, v, x, y]);
});

onBackends(
  "checkpointing gives the same bits and keeps the inputs alone",
  () => {
    const weights = [1, 2, 3].map((seed) =>
      tf.tidy(() => tf.variable(tf.tensor2d(noise(36, seed), [6, 6])))
    );
    const table = tf.tidy(() =>
      tf.variable(tf.tensor2d(noise(120, 7), [20, 6]))
    );
    const x = tf.tensor2d(noise(24, 4), [4, 6]);
    const run = (checkpointing: boolean) => {
      const before = tf.memory();
      const tape = new Tape([x], { checkpointing });
      let y = tf.tidy(() =>
        add(x, embedding(table, Int32Array.of(1, 2, 2, 9), { tape }), { tape })
      );
      for (const w of weights) {
        y = tape.segment(
          y,
          (x) => add(x, network(x, w as tf.Tensor2D, tape), { tape }),
        );
      }
      const kept = tf.memory().numBytes - before.numBytes;
      const gradients = tape.gradients([[y, y]]);
      const values = [x, table, ...weights].map((leaf) => {
        const gradient = gradients.get(leaf)!;
        return gradient instanceof RowGradient
          ? [...gradient.ids, ...gradient.rows.dataSync()]
          : [...gradient.dataSync()];
      });
      for (const gradient of gradients.values()) gradient.dispose();
      return { values, kept };
    };
    const plain = run(false);
    const again = run(true);
    assert.deepEqual(again.values, plain.values);
    assert.ok(again.kept < plain.kept, `${again.kept} of ${plain.kept} bytes`);
  },
);

onBackends("checkpointing under frozen layers finds the gradient above", () => {
  const frozen = tf.tidy(() =>
    tf.variable(tf.tensor2d(noise(9, 1), [3, 3]), false)
  );
  const w = tf.tidy(() => tf.variable(tf.tensor2d(noise(9, 2), [3, 3])));
  const x = tf.tensor2d(noise(6), [2, 3]);
  const before = tf.memory().numTensors;
  const tape = new Tape([], { checkpointing: true });
  const first = tape.segment(x, (x) => network(x, frozen as tf.Tensor2D, tape));
  assert.equal(tape.size, 0, "nothing to differentiate yet");
  const y = tape.segment(first, (x) => network(x, w as tf.Tensor2D, tape));
  const gradients = tape.backward([[y, y]]);
  assert.deepEqual([...gradients.keys()], [w]);
  tf.dispose([first, y, ...gradients.values()]);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([frozen, w, x]);
});

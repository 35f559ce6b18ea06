import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { add, gelu, linear, Tape } from "../../lib/backend/mod.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";

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

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";
import {
  add,
  attention,
  type AttentionOptions,
  crossEntropy,
  embedding,
  feedForward,
  gatedFeedForward,
  gelu,
  l2Normalize,
  layerNorm,
  linear,
  poolRows,
  relu,
  Tape,
  weightedRows,
} from "../../lib/backend/kernels/mod.ts";

const input = (shape: number[], seed: number) => ({
  shape,
  values: noise(shape.reduce((a, b) => a * b, 1), seed),
});

onBackends("linear() has the gradient of an affine map", () => {
  checkGradient(
    (x, w, b) =>
      linear(x as tf.Tensor2D, w as tf.Tensor2D, { bias: b as tf.Tensor1D }),
    [input([3, 4], 1), input([2, 4], 2), input([2], 3)],
  );
  checkGradient(
    (x, w) => linear(x as tf.Tensor2D, w as tf.Tensor2D),
    [input([3, 4], 1), input([2, 4], 2)],
  );
  for (const activation of ["gelu", "gelu_tanh", "silu"] as const) {
    checkGradient(
      (x, w) => linear(x as tf.Tensor2D, w as tf.Tensor2D, { activation }),
      [input([3, 4], 1), input([2, 4], 2)],
    );
  }
});

onBackends("layerNorm() adds a residual first, with its gradient", () => {
  checkGradient(
    (x, g, b, residual) =>
      layerNorm(x as tf.Tensor2D, g as tf.Tensor1D, b as tf.Tensor1D, {
        eps: 1e-2,
        residual: residual as tf.Tensor2D,
      }),
    [input([2, 6], 1), input([6], 2), input([6], 3), input([2, 6], 4)],
    5e-3,
  );
});

onBackends("layerNorm() has mean 0, variance 1 and the right gradient", () => {
  const rows = tf.tidy(() =>
    layerNorm(
      tf.tensor2d(noise(40, 5), [4, 10]),
      tf.ones([10]),
      tf.zeros([10]),
      { eps: 1e-12 },
    ).arraySync()
  );
  for (const row of rows) {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + b * b, 0) / row.length;
    assert.ok(Math.abs(mean) < 1e-6 && Math.abs(variance - 1) < 1e-5);
  }
  checkGradient(
    (x, g, b) =>
      layerNorm(x as tf.Tensor2D, g as tf.Tensor1D, b as tf.Tensor1D, {
        eps: 1e-5,
      }),
    [input([3, 6], 1), input([6], 2), input([6], 3)],
    5e-3, // the third derivative of a norm is large where rows are short
  );
});

onBackends("gelu() matches tabulated values and its gradient", () => {
  // Φ(-3), Φ(-1), Φ(0.5), Φ(2) from tables of the normal distribution.
  const points = [-3, -1, 0.5, 2];
  const phi = [0.001349898, 0.158655254, 0.691462461, 0.977249868];
  const got = tf.tidy(() => gelu(tf.tensor1d(points)).dataSync());
  // erf on some backends is the rational approximation with error 1.5e-7.
  assert.ok(maxDifference(got, points.map((x, i) => x * phi[i]!)) < 2e-6);
  checkGradient((x) => gelu(x), [input([2, 5], 4)]);
});

/** Two texts of three and one tokens. */
const sequences = { offsets: Int32Array.of(0, 3, 4) };
const attended = (options: Partial<AttentionOptions>) =>
(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  bias?: tf.Tensor,
) =>
  attention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, {
    sequences,
    heads: 2,
    scale: 0.5,
    ...options,
    ...(bias ? { bias: bias as tf.Tensor3D } : {}),
  });

for (
  const [name, options] of Object.entries({
    "two texts": {},
    "even texts": { sequences: { offsets: Int32Array.of(0, 2, 4) } },
    "a causal mask": { causal: true },
    "a window": { causal: true, window: 2 },
    "a soft cap": { softcap: 0.7 },
  })
) {
  onBackends(`attention() has the right gradient under ${name}`, () => {
    const shape = [4, 6];
    checkGradient(attended(options), [
      input(shape, 1),
      input(shape, 2),
      input(shape, 3),
    ]);
  });
}

onBackends("attention() has the right gradient with shared keys", () => {
  checkGradient(attended({ heads: 4, keyHeads: 2, causal: true }), [
    input([4, 8], 1),
    input([4, 4], 2),
    input([4, 4], 3),
  ]);
});

onBackends("attention() of the last tokens is that of all, cut", () => {
  const queries = { offsets: Int32Array.of(0, 2, 3) };
  const [q, k, v] = [input([4, 6], 1), input([4, 6], 2), input([4, 6], 3)];
  for (const options of [{}, { causal: true }, { causal: true, window: 2 }]) {
    tf.tidy(() => {
      const [all, keys, values] = [q, k, v].map((x) =>
        tf.tensor(x.values, [4, 6])
      ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const whole = attended(options)(all, keys, values);
      const some = attended({ ...options, queries })(
        tf.slice(all, [1, 0]), // the last two tokens of a text of three, and one
        keys,
        values,
      );
      const expected = tf.slice(whole, [1, 0]).dataSync();
      assert.ok(maxDifference(some.dataSync(), expected) < 1e-6);
    });
    checkGradient(attended({ ...options, queries }), [input([3, 6], 1), k, v]);
  }
  assert.throws(
    () =>
      tf.tidy(() =>
        attended({ queries })(
          tf.ones([3, 4]),
          tf.ones([4, 4]),
          tf.ones([4, 4]),
          tf.ones([2, 3, 3]),
        )
      ),
    /bias must be absent where only some tokens ask/,
  );
});

onBackends("attention() has the right gradient by its bias", () => {
  checkGradient(attended({ heads: 2 }), [
    input([4, 4], 1),
    input([4, 4], 2),
    input([4, 4], 3),
    input([2, 3, 3], 4),
  ]);
});

onBackends("attention() sees neither other texts nor what comes later", () => {
  const run = (changed: number, options: Partial<AttentionOptions>) =>
    tf.tidy(() => {
      const values = noise(16, 1);
      values.fill(7, changed * 4, changed * 4 + 4);
      const x = tf.tensor2d(values, [4, 4]);
      const q = tf.tensor2d(noise(16, 2), [4, 4]);
      return attended(options)(q, x, x).arraySync() as number[][];
    });
  const rows = (a: number[][], b: number[][]) =>
    a.flatMap((row, i) => maxDifference(row, b[i]!) > 1e-6 ? [i] : []);
  const first = run(0, {});
  assert.deepEqual(rows(first, run(3, {})), [0, 1, 2, 3]);
  assert.deepEqual(rows(run(2, {}), run(1, {})), [0, 1, 2]);
  const causal = { causal: true };
  assert.deepEqual(rows(run(2, causal), run(1, causal)), [1, 2]);
  const window = { causal: true, window: 1 };
  assert.deepEqual(rows(run(0, window), run(1, window)), [0, 1]);
});

for (const form of ["erf", "tanh"] as const) {
  onBackends(`gelu() has the right gradient in its ${form} form`, () => {
    checkGradient((x) => gelu(x, { form }), [input([2, 5], 4)]);
  });
}

onBackends(
  "feedForward() and gatedFeedForward() have the right gradient",
  () => {
    const map = (weight: tf.Tensor, bias?: tf.Tensor) => ({
      weight: weight as tf.Tensor2D,
      bias: bias as tf.Tensor1D | undefined,
    });
    checkGradient((x, w1, b1, w2, b2) =>
      feedForward(x as tf.Tensor2D, {
        inner: map(w1!, b1),
        outer: map(w2!, b2),
        activation: "gelu",
      }), [
      input([3, 2], 1),
      input([4, 2], 2),
      input([4], 3),
      input([2, 4], 4),
      input([2], 5),
    ]);
    checkGradient((x, w1, w2, w3, b1) =>
      gatedFeedForward(x as tf.Tensor2D, {
        gate: map(w1!, b1),
        up: map(w2!),
        down: map(w3!),
        activation: "silu",
      }), [
      input([3, 2], 1),
      input([4, 2], 2),
      input([4, 2], 3),
      input([2, 4], 4),
      input([4], 5),
    ]);
  },
);

onBackends("feed-forward parts take no gradient that nobody wants", () => {
  const weights = [[4, 2], [4, 2], [2, 4]].map((shape, i) =>
    tf.variable(tf.tensor(noise(8, i), shape))
  ) as unknown as tf.Variable<tf.Rank.R2>[];
  const [w1, w2, w3] = weights;
  const x = tf.tensor2d(noise(6, 5), [3, 2]);
  for (const wanted of [[w3], [w1], [w2, w3]] as tf.Variable[][]) {
    const tape = new Tape([], { parameters: wanted });
    const y = tf.tidy(() =>
      gatedFeedForward(
        feedForward(x, {
          inner: { weight: w2! },
          outer: { weight: w3! },
          activation: "gelu",
          tape,
        }),
        {
          gate: { weight: w1! },
          up: { weight: w2! },
          down: { weight: w3! },
          activation: "silu",
          tape,
        },
      )
    );
    const found = tape.backward([[y, tf.onesLike(y)]]);
    assert.deepEqual(new Set(found.keys()), new Set(wanted));
  }
});

onBackends("relu(), add() and weightedRows() have the right gradient", () => {
  checkGradient((x) => relu(x), [input([2, 5], 4)]);
  checkGradient((x, y) => add(x, y), [input([2, 2], 4), input([2, 2], 5)]);
  checkGradient(
    (x) => weightedRows(x as tf.Tensor2D, tf.tensor2d(noise(6, 1), [2, 3])),
    [input([3, 4], 2)],
  );
});

onBackends("embedding() adds the gradients of a repeated row", () => {
  const gradient = tf.tidy(() =>
    tf.grad((table) =>
      tf.sum(
        tf.mul(
          embedding(table as tf.Tensor2D, tf.tensor1d([2, 0, 2], "int32")),
          tf.tensor2d([[1, 10], [2, 20], [4, 40]]),
        ),
      )
    )(tf.zeros([3, 2])).dataSync()
  );
  assert.deepEqual([...gradient], [2, 20, 0, 0, 5, 50]);
});

onBackends(
  "l2Normalize() keeps a row of zeros finite, forward and back",
  () => {
    const gradient = tf.tidy(() =>
      tf.grad((x) => tf.sum(l2Normalize(x as tf.Tensor2D)))(
        tf.tensor2d([[0, 0], [3, 4]]),
      ).dataSync()
    );
    // d(x+y)/‖·‖ by x at (3,4): (1 - (7/5)(3/5)) / 5 = 0.032, by y: -0.024.
    assert.ok(maxDifference(gradient, [0, 0, 0.032, -0.024]) < 1e-6);
    checkGradient((x) => l2Normalize(x as tf.Tensor2D), [input([3, 4], 3)]);
  },
);

onBackends("crossEntropy() stays finite at logits of ±500", () => {
  const losses = tf.tidy(() =>
    crossEntropy(
      tf.tensor2d([[500, -500, 0], [-500, 500, 500]]),
      tf.tensor1d([1, 2], "int32"),
    ).dataSync()
  );
  assert.ok(maxDifference(losses, [1000, Math.LN2]) < 1e-4);
});

onBackends("crossEntropy() has the right gradient, masked columns none", () => {
  const labels = tf.tensor1d([1, 0], "int32");
  checkGradient((x) => crossEntropy(x as tf.Tensor2D, labels), [
    input([2, 3], 8),
  ]);
  const masked = tf.tidy(() =>
    tf.grad((x) =>
      tf.sum(
        crossEntropy(
          tf.add(x, tf.tensor2d([[0, 0, -1e9], [0, 0, 0]])) as tf.Tensor2D,
          labels,
        ),
      )
    )(tf.zeros([2, 3])).dataSync()
  );
  assert.equal(masked[2], 0);
  labels.dispose();
});

onBackends("poolRows() sums each text's rows, and has its gradient", () => {
  const sequences = { offsets: Int32Array.of(0, 2, 2, 3) }; // one text is empty
  const weights = Float32Array.of(0.25, 0.75, 2);
  const pooled = (x: tf.Tensor) =>
    poolRows(x as tf.Tensor2D, weights, { sequences });
  tf.tidy(() => {
    const y = pooled(tf.tensor2d([[4, 0], [8, 4], [1, 3]])).arraySync();
    assert.deepEqual(y, [[7, 3], [0, 0], [2, 6]]);
    assert.throws(
      () => pooled(tf.zeros([2, 2])),
      /weights and offsets must be for 2 rows: got 3 and 3/,
    );
  });
  checkGradient(pooled, [input([3, 4], 1)]);
});

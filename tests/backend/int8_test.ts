import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { useBackend } from "../../lib/backend/mod.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";
import {
  checkPrecision,
  feedForward,
  forgetPanels,
  gatedFeedForward,
  linear,
  linears,
  Tape,
} from "../../lib/backend/kernels/mod.ts";

/** Rows of whole numbers, and what each row's are multiples of. */
interface Quantised {
  wholes: Int32Array;
  scales: Float32Array;
}

/**
 * Quantises rows of K numbers in plain JavaScript: a weight's to ±127, others to
 * 255 steps from the least, or 0, to the largest.
 */
function quantised(x: Float32Array, K: number, weight = false): Quantised {
  const scales = new Float32Array(x.length / K);
  const wholes = new Int32Array(x.length);
  const count = weight ? 127 : 255;
  for (let i = 0; i < scales.length; i++) {
    const row = x.subarray(i * K, (i + 1) * K);
    const largest = row.reduce(
      (most, v) => Math.max(most, weight ? Math.abs(v) : v),
      0,
    );
    const least = weight ? 0 : Math.min(0, ...row);
    const range = Math.fround(largest - least);
    const up = range < 1e-36 ? 0 : Math.fround(count / range);
    const most = count - nearest(Math.fround(-least * up));
    scales[i] = range / count;
    row.forEach((v, k) =>
      wholes[i * K + k] = Math.min(nearest(Math.fround(v * up)), most)
    );
  }
  return { wholes, scales };
}

/** The nearest whole number, the even one of two. */
function nearest(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** x Wᵀ + b of quantised rows: exact sums, and as they are computed. */
function affine(
  x: Float32Array,
  weight: Float32Array,
  { K, bias }: { K: number; bias?: Float32Array },
): { values: Float64Array; sizes: Float64Array } {
  const left = quantised(x, K), right = quantised(weight, K, true);
  const T = left.scales.length, N = right.scales.length;
  const values = new Float64Array(T * N), sizes = new Float64Array(T * N);
  for (let i = 0; i < T; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) {
        sum += left.wholes[i * K + k]! * right.wholes[j * K + k]!;
      }
      const product = sum * left.scales[i]! * right.scales[j]!;
      values[i * N + j] = product + (bias?.[j] ?? 0);
      sizes[i * N + j] = Math.abs(product) + Math.abs(bias?.[j] ?? 0);
    }
  }
  return { values, sizes };
}

/**
 * Whether numbers are those of exact sums: a sum becomes a float, the scales are
 * multiplied, then it by them, then the bias is added; each rounds by up to 2^-24
 * of what is there.
 */
function assertExact(
  found: ArrayLike<number>,
  { values, sizes }: ReturnType<typeof affine>,
): void {
  assert.equal(found.length, values.length);
  values.forEach((value, i) => {
    const off = Math.abs(found[i]! - value);
    assert.ok(off <= 2 ** -22 * sizes[i]!, `${i}: ${found[i]} for ${value}`);
  });
}

const matrix = (rows: number, columns: number, seed: number) =>
  tf.tensor2d(noise(rows * columns, seed), [rows, columns]);

onBackends("linears() in int8 have the sums of whole numbers", () => {
  const shapes = [[1, 1, 1], [5, 3, 2], [40, 33, 70], [130, 384, 48]] as const;
  for (const [T, K, N] of shapes) {
    tf.tidy(() => {
      const x = matrix(T, K, 1), weight = matrix(N, K, 2);
      const bias = tf.tensor1d(noise(N, 3));
      const maps = [{ weight, bias }, { weight: matrix(N + 1, K, 4) }];
      const found = linears(x, maps, { precision: "int8" });
      maps.forEach(({ weight, bias }, i) =>
        assertExact(
          found[i]!.dataSync(),
          affine(x.dataSync<"float32">(), weight.dataSync<"float32">(), {
            K,
            ...bias ? { bias: bias.dataSync<"float32">() } : {},
          }),
        )
      );
    });
  }
});

onBackends("quantised sums are exact for rows of any size", () => {
  const size = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(size, size, size, fc.integer(), (T, K, N, seed) => {
      tf.tidy(() => {
        // Rows from tiny to large, some of zeros, with ties among them.
        const x = noise(T * K, seed).map((v, i) =>
          Math.round(v * 254) / 254 * [0, 1e-3, 1, 127, 1e20][i / K % 5 | 0]!
        );
        const weight = matrix(N, K, seed + 1);
        const y = linear(tf.tensor2d(x, [T, K]), weight, { precision: "int8" });
        assertExact(
          y.dataSync(),
          affine(x, weight.dataSync<"float32">(), { K }),
        );
      });
    }),
    { numRuns: 40 },
  );
});

/** Seen from the outer map, each hidden number may be another whole one. */
function outerTolerance(hidden: Float32Array, weight: Float32Array, F: number) {
  const steps = Math.max(...quantised(hidden, F).scales);
  const largest = weight.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  // Activations are off by up to 1e-6: hidden numbers of up to 100 steps that
  // differ by 1e-4 of one are rounded otherwise once in thousands. Three of a
  // row's few hundred are more than the tests have ever seen.
  return 3 * steps * largest;
}

onBackends("feed-forward parts in int8 are maps in int8", () => {
  const [K, F, N] = [40, 150, 33];
  const options = { precision: "int8" } as const;
  for (const T of [3, 200]) {
    tf.tidy(() => {
      const x = matrix(T, K, 1), gate = { weight: matrix(F, K, 2) };
      const up = { weight: matrix(F, K, 3), bias: tf.tensor1d(noise(F, 4)) };
      const down = { weight: matrix(N, F, 5), bias: tf.tensor1d(noise(N, 6)) };
      const map = (x: tf.Tensor2D, { weight, ...rest }: typeof down) =>
        linear(x, weight, { ...rest, ...options });
      const activation = "gelu" as const;
      const hidden = linear(x, up.weight, { ...up, activation, ...options });
      const found = feedForward(x, {
        ...{ inner: up, outer: down, activation },
        ...options,
      });
      const limit = (hidden: tf.Tensor) =>
        outerTolerance(
          hidden.dataSync<"float32">(),
          down.weight.dataSync<"float32">(),
          F,
        );
      assert.ok(
        maxDifference(found.dataSync(), map(hidden, down).dataSync()) <
          limit(hidden),
      );
      const gates = linear(x, gate.weight, options);
      const product = tf.mul(
        tf.mul(gates, tf.sigmoid(gates)),
        map(x, up),
      ) as tf.Tensor2D;
      const gated = gatedFeedForward(x, {
        ...{ gate, up, down, activation: "silu" },
        ...options,
      });
      assert.ok(
        maxDifference(gated.dataSync(), map(product, down).dataSync()) <
          limit(product),
      );
    });
  }
});

onBackends("a row that has no largest number comes out as NaN", () => {
  tf.tidy(() => {
    const x = tf.tensor2d([[1, NaN], [Infinity, 1], [1, 2]]);
    const weight = tf.tensor2d([[1, 1]]);
    const y = linear(x, weight, { precision: "int8" }).dataSync();
    assert.deepEqual([y[0], y[1]], [NaN, NaN]);
    assert.ok(Math.abs(y[2]! - 3) <= 2 / 255);
  });
});

onBackends("a weight that changes is quantised again, and freed", () => {
  const x = tf.tensor2d([[3, 255]]), other = tf.tensor2d([[0, 1]]);
  const weight = tf.variable(tf.tensor2d([[1, 0]]));
  const before = tf.memory().numTensors;
  const value = () =>
    tf.tidy(() => linear(x, weight, { precision: "int8" }).dataSync()[0]!);
  assert.ok(Math.abs(value() - 3) < 1e-5);
  assert.equal(tf.memory().numTensors, before + 1);
  assert.ok(Math.abs(value() - 3) < 1e-5);
  weight.assign(other);
  assert.ok(Math.abs(value() - 255) < 1e-4);
  assert.equal(tf.memory().numTensors, before + 1);
  forgetPanels([weight]);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([weight, x, other]);
});

Deno.test("the composed form of int8 has the same whole numbers", async () => {
  for (const [name, native] of [["cpu", true], ["wasm", false]] as const) {
    await useBackend(name, { native });
    tf.tidy(() => {
      const [T, K, N] = [9, 50, 17];
      const x = matrix(T, K, 1), weight = matrix(N, K, 2);
      const y = linear(x, weight, { precision: "int8" });
      const expected = affine(
        x.dataSync<"float32">(),
        weight.dataSync<"float32">(),
        { K },
      );
      assertExact(y.dataSync(), expected);
      const part = { inner: { weight }, outer: { weight: matrix(3, N, 3) } };
      const fed = feedForward(x, {
        ...part,
        activation: "gelu",
        precision: "int8",
      });
      assert.deepEqual(fed.shape, [T, 3]);
    });
  }
});

onBackends("int8 takes no gradients", () => {
  checkPrecision("int8");
  const training = () => new Tape([], { precision: "int8" });
  assert.throws(training, /^RangeError: Cannot take gradients in int8/);
  new Tape([], { parameters: [], precision: "int8" });
});

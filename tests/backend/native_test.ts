import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { type Tensor, useBackend } from "../../lib/backend/mod.ts";
import { native } from "../../lib/backend/native_state.ts";
import { NATIVE_FILES } from "../../lib/backend/native/files.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";
import { CASES, type KernelCase } from "./_kernel_cases.ts";
import { linear, type Precision, Tape } from "../../lib/backend/kernels/mod.ts";

/** A kernel's value and gradients, as numbers. */
function evaluate(
  { run, shapes }: KernelCase,
  precision: Precision = "float32",
): Float32Array[] {
  const inputs = shapes.map((shape, i) =>
    tf.tensor(
      noise(shape.reduce((a, b) => a * b, 1), i + 1).map((v) => 3 * v),
      shape,
    )
  );
  const tape = new Tape(inputs, { precision });
  const y = tf.tidy(() => run(inputs, tape));
  const dy = tf.tensor(noise(y.size, 50), y.shape);
  const found = tape.backward([[y, dy]]);
  const all = [y, ...inputs.map((input) => found.get(input)!)];
  const values = all.map((t) => Float32Array.from(t.dataSync()));
  tf.dispose([...inputs, ...all, dy]);
  return values;
}

const ignore = Deno.env.get("TDRO_REQUIRE_TENSORFLOW") !== "1" &&
  !findInstallation();

for (const [name, kernel] of Object.entries(CASES)) {
  onBackends(
    `${name} computes natively what it computes composed`,
    async (backend) => {
      await useBackend(backend, { native: false });
      assert.equal(native(), false);
      const composed = evaluate(kernel);
      await useBackend(backend);
      assert.equal(native(), true);
      const before = tf.memory().numTensors;
      const compiled = evaluate(kernel);
      assert.equal(tf.memory().numTensors, before, "tensors leak");
      const again = evaluate(kernel);
      composed.forEach((values, i) => {
        const size = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
        const drift = maxDifference(compiled[i]!, values) / size;
        assert.ok(
          drift < (kernel.tolerance ?? 5e-6),
          `${i === 0 ? "value" : `gradient ${i - 1}`} drifts by ${drift}`,
        );
        // Which core was faster changes nothing.
        assert.deepEqual(again[i], compiled[i]);
      });
    },
  );
}

for (
  const name of [
    "linear()",
    "linears()",
    "feedForward() with gelu",
    "gatedFeedForward() with silu",
  ]
) {
  Deno.test({
    name: `${name} in bfloat16 natively is near to float32`,
    ignore,
    fn: async () => {
      await useBackend("tensorflow", { native: false });
      const exact = evaluate(CASES[name]!);
      await useBackend("tensorflow");
      const before = tf.memory().numTensors;
      const rounded = evaluate(CASES[name]!, "bfloat16");
      assert.equal(tf.memory().numTensors, before, "tensors leak");
      exact.forEach((values, i) => {
        // Each factor is off by up to 2^-9 of itself; a few are multiplied.
        const size = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
        const drift = maxDifference(rounded[i]!, values) / size;
        assert.ok(drift < 2 ** -6, `number ${i} drifts by ${drift}`);
        assert.ok(drift > 0 || i > 0, "nothing was rounded");
      });
    },
  });
}

Deno.test({
  name: "bfloat16 rounds what is multiplied, and nothing else",
  ignore,
  fn: async () => {
    for (const native of [true, false]) {
      await useBackend("tensorflow", { native });
      tf.tidy(() => {
        // 1 + 2^-8 rounds to 1 in bfloat16; 256 + 1 is no bfloat16 but a sum.
        const x = tf.tensor2d([[1 + 2 ** -8, 256, 1]]);
        const w = tf.ones([1, 3]) as tf.Tensor2D;
        const y = linear(x, w, {
          bias: tf.tensor1d([0.001]),
          precision: "bfloat16",
        }).dataSync()[0]!;
        const expected = 258 + 0.001;
        // TensorFlow's own op rounds the sum as well, to 8 bits.
        assert.ok(
          Math.abs(y - expected) < (native ? 1e-4 : 1.01),
        );
        assert.equal(linear(x, w).dataSync()[0], 257 + 1 + 2 ** -8);
      });
    }
  },
});

Deno.test("bfloat16 is refused where it can't be had", async () => {
  await useBackend("wasm");
  tf.tidy(() =>
    assert.throws(
      () => linear(tf.ones([1, 1]), tf.ones([1, 1]), { precision: "bfloat16" }),
      /Cannot compute in bfloat16: precision must be float32 on the wasm backend/,
    )
  );
});

/** Sums of x Wᵀ in double precision, and each as ‖row‖·‖column‖. */
function exactProduct(x: Float32Array, w: Float32Array, K: number) {
  const [M, N] = [x.length / K, w.length / K];
  const normOf = (vectors: Float32Array, i: number) =>
    Math.hypot(...vectors.subarray(i * K, (i + 1) * K));
  const rows = Array.from({ length: M }, (_, i) => normOf(x, i));
  const columns = Array.from({ length: N }, (_, j) => normOf(w, j));
  const sums = new Float64Array(M * N), norms = new Float64Array(M * N);
  for (let at = 0; at < M * N; at++) {
    const [i, j] = [Math.floor(at / N), at % N];
    for (let k = 0; k < K; k++) sums[at]! += x[i * K + k]! * w[j * K + k]!;
    norms[at] = rows[i]! * columns[j]!;
  }
  return { sums, norms };
}

const K = 1500;
/** Factors of number k of row i, beside which float32 products must stay exact. */
const SPREADS: Record<string, (i: number, k: number) => number> = {
  "alike numbers": () => 1,
  "rows of all sizes": (i) => 2 ** (40 * Math.sin(i)),
  "a few large features": (_, k) => k % 500 === 7 ? 50 : 1,
  "mostly small numbers": (_, k) => 2 ** (-20 * Math.sin(k) ** 2),
};

for (const [name, factor] of Object.entries(SPREADS)) {
  Deno.test({
    name: `a float32 product of ${name} is as exact as TensorFlow's`,
    ignore,
    fn: async () => {
      await useBackend("tensorflow");
      tf.tidy(() => {
        const [M, N] = [37, 41];
        const spread = (seed: number, rows: number) =>
          noise(rows * K, seed).map((x, at) =>
            x * factor(Math.floor(at / K), at % K)
          );
        const a = spread(1, M), b = spread(2, N);
        const x = tf.tensor2d(a, [M, K]), w = tf.tensor2d(b, [N, K]);
        const { sums, norms } = exactProduct(a, b, K);
        const worst = (y: Tensor) =>
          maxDifference(
            y.dataSync().map((v, at) => v / norms[at]!),
            sums.map((v, at) => v / norms[at]!),
          );
        const ours = worst(linear(x, w));
        const theirs = worst(tf.matMul(x, w, false, true));
        // Each adds up in an order of its own.
        assert.ok(ours < 2 * theirs, `${ours} against ${theirs}`);
      });
    },
  });
}

Deno.test({
  name: "a float32 product hides no infinity, and keeps what is tiny",
  ignore,
  fn: async () => {
    await useBackend("tensorflow");
    tf.tidy(() => {
      const x = [[Infinity, 1], [NaN, 1], [1e-3, 2], [1e-36, 3e-36], [0, 0]];
      const w = tf.tensor2d([[2, 1], [3e38, 1e30]]);
      const y = linear(tf.tensor2d(x), w).dataSync();
      assert.ok(!Number.isFinite(y[0]) && Number.isNaN(y[2]));
      assert.ok(Math.abs(y[4]! - 2.002) < 1e-6);
      assert.ok(Math.abs(y[7]! / 300 - 1) < 1e-6);
      assert.deepEqual([...y.subarray(8)], [0, 0]);
    });
  },
});

Deno.test("every file of the native kernels is on the build's list", () => {
  const folder = new URL("../../lib/backend/native/", import.meta.url);
  const inner = ["product/", "nearest/"].map((name) => new URL(name, folder));
  const found = [folder, ...inner]
    .flatMap((place) => [...Deno.readDirSync(place)])
    .filter(({ name, isFile }) => isFile && !name.endsWith(".ts"))
    .map(({ name }) => name);
  assert.deepEqual(found.sort(), Object.keys(NATIVE_FILES).sort());
});

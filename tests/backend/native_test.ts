import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { type Tensor, useBackend } from "../../lib/backend/mod.ts";
import { native } from "../../lib/backend/run_native.ts";
import { NATIVE_FILES } from "../../lib/backend/native/files.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";
import {
  add,
  attention,
  type AttentionOptions,
  dropout,
  embedding,
  feedForward,
  gatedActivation,
  gatedFeedForward,
  gelu,
  layerNorm,
  linear,
  linears,
  poolRows,
  type Precision,
  rmsNorm,
  rotary,
  rotaryTable,
  Tape,
} from "../../lib/backend/kernels/mod.ts";

/** A kernel, the shapes of its inputs, and how far float32 may drift. */
interface Case {
  run: (x: Tensor[], tape: Tape) => Tensor;
  shapes: number[][];
  tolerance?: number;
}

const offsets = Int32Array.of(0, 3, 3, 150, 190, 191); // one is empty, one long
const T = 191;
/** The last 2, 0, 147, 40 and 1 tokens of these texts. */
const queries = { offsets: Int32Array.of(0, 2, 2, 149, 189, 190) };
const attended =
  (options: Partial<AttentionOptions>): Case["run"] =>
  ([q, k, v, bias], tape) =>
    attention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, {
      sequences: { offsets },
      heads: 4,
      scale: 0.3,
      ...options,
      ...(bias ? { bias: bias as tf.Tensor3D } : {}),
      tape,
    });
const normed: Case["run"] = ([x, g, b, residual], tape) =>
  layerNorm(x as tf.Tensor2D, g as tf.Tensor1D, b as tf.Tensor1D, {
    eps: 1e-5,
    ...(residual ? { residual: residual as tf.Tensor2D } : {}),
    tape,
  });
/** Numbers of rows, those of `rows` in no order; most more than once. */
const looked = (count: number, rows: number) =>
  Int32Array.from({ length: count }, (_, i) => i * 7 % rows);
const qkv = [[T, 32], [T, 32], [T, 32]];
const grouped = [[T, 32], [T, 16], [T, 16]];

const CASES: Record<string, Case> = {
  "linear()": {
    run: ([x, w, b], tape) =>
      linear(x as tf.Tensor2D, w as tf.Tensor2D, {
        bias: b as tf.Tensor1D,
        tape,
      }),
    shapes: [[77, 600], [45, 600], [45]],
    tolerance: 2e-5,
  },
  "linear() with GELU": {
    run: ([x, w, b], tape) =>
      linear(x as tf.Tensor2D, w as tf.Tensor2D, {
        bias: b as tf.Tensor1D,
        activation: "gelu",
        tape,
      }),
    shapes: [[77, 60], [45, 60], [45]],
    tolerance: 2e-5,
  },
  "linears()": {
    run: ([x, w1, w2, b2, w3], tape) => {
      const maps = [
        { weight: w1 as tf.Tensor2D },
        { weight: w2 as tf.Tensor2D, bias: b2 as tf.Tensor1D },
        { weight: w3 as tf.Tensor2D },
      ];
      const [a, b, c] = linears(x as tf.Tensor2D, maps, { tape });
      return add(gatedActivation(a!, b!, { activation: "silu", tape }), c!, {
        tape,
      });
    },
    shapes: [[77, 60], [45, 60], [45, 60], [45], [45, 60]],
    tolerance: 2e-5,
  },
  "gelu()": { run: ([x], tape) => gelu(x!, { tape }), shapes: [[301, 7]] },
  "gelu() tanh": {
    run: ([x], tape) => gelu(x!, { form: "tanh", tape }),
    shapes: [[301, 7]],
  },
  "layerNorm()": {
    run: normed,
    shapes: [[90, 50], [50], [50]],
    tolerance: 2e-5,
  },
  // A GPU reads four numbers at once where rows are of whole fours.
  "layerNorm(), rows of whole fours": {
    run: normed,
    shapes: [[301, 148], [148], [148]],
    tolerance: 2e-5,
  },
  "layerNorm() of a sum": {
    run: normed,
    shapes: [[90, 50], [50], [50], [90, 50]],
    tolerance: 2e-5,
  },
  "rmsNorm() per head": {
    run: ([x, w], tape) =>
      rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D, {
        eps: 1e-5,
        addOne: true,
        tape,
      }),
    shapes: [[90, 60], [20]],
    tolerance: 2e-5,
  },
  "embedding(), few rows of the table": {
    run: ([table], tape) =>
      embedding(table as tf.Tensor2D, looked(90, 9), { tape }),
    shapes: [[40, 300]],
  },
  "embedding(), most rows of the table": {
    run: ([table], tape) =>
      embedding(table as tf.Tensor2D, looked(90, 31), { tape }),
    shapes: [[40, 7]],
  },
  "poolRows()": {
    run: ([x], tape) =>
      poolRows(x as tf.Tensor2D, noise(T, 9), { sequences: { offsets }, tape }),
    shapes: [[T, 20]],
  },
  "rotary()": {
    run: ([x], tape) =>
      rotary(x as tf.Tensor2D, {
        ...rotaryTable({
          positions: Int32Array.from({ length: 40 }, (_, i) => i),
          inverseFrequencies: [1, 0.1, 0.01],
        }),
        heads: 3,
        tape,
      }),
    shapes: [[40, 24]],
  },
  "dropout()": {
    run: ([x], tape) =>
      dropout(x!, 0.3, {
        seed: Int32Array.from({ length: 40 }, (_, i) => i * 7919),
        tape,
      }),
    shapes: [[40, 24]],
  },
  "attention()": { run: attended({}), shapes: qkv },
  "attention(), causal": { run: attended({ causal: true }), shapes: qkv },
  "attention(), window": {
    run: attended({ causal: true, window: 9 }),
    shapes: qkv,
  },
  "attention(), soft cap": { run: attended({ softcap: 0.5 }), shapes: qkv },
  "attention(), bias": { run: attended({}), shapes: [...qkv, [4, 147, 147]] },
  "attention() of the last tokens, causal": {
    run: attended({ causal: true, window: 20, queries }),
    shapes: [[190, 32], [T, 32], [T, 32]],
  },
  "attention() of one token a text": {
    run: attended({ queries: { offsets: Int32Array.of(0, 1, 1, 2, 3, 4) } }),
    shapes: [[4, 32], [T, 32], [T, 32]],
  },
  "attention(), shared keys": {
    run: attended({ keyHeads: 2, causal: true }),
    shapes: grouped,
  },
};
// Kernels lay heads out by their width rounded up to a power of two.
for (const D of [40, 72, 136]) {
  CASES[`attention(), heads of ${D}`] = {
    run: attended({
      sequences: { offsets: Int32Array.of(0, 5, 40) },
      heads: 2,
      causal: true,
      scale: 1 / Math.sqrt(D),
    }),
    shapes: [[40, 2 * D], [40, 2 * D], [40, 2 * D]],
    tolerance: 2e-5,
  };
}
for (const activation of ["silu", "gelu", "gelu_tanh"] as const) {
  CASES[`gatedActivation() with ${activation}`] = {
    run: ([g, u], tape) => gatedActivation(g!, u!, { activation, tape }),
    shapes: [[30, 41], [30, 41]],
  };
}

for (const activation of ["gelu", "gelu_tanh"] as const) {
  CASES[`feedForward() with ${activation}`] = {
    run: ([x, w1, b1, w2, b2], tape) =>
      feedForward(x as tf.Tensor2D, {
        inner: { weight: w1 as tf.Tensor2D, bias: b1 as tf.Tensor1D },
        outer: { weight: w2 as tf.Tensor2D, bias: b2 as tf.Tensor1D },
        activation,
        tape,
      }),
    shapes: activation === "gelu"
      ? [[37, 20], [50, 20], [50], [20, 50], [20]]
      : [[37, 20], [52, 20], [52], [20, 52], [20]],
    tolerance: 2e-5,
  };
}
for (const activation of ["silu", "gelu", "gelu_tanh"] as const) {
  CASES[`gatedFeedForward() with ${activation}`] = {
    // A bias on one of the maps alone.
    run: ([x, w1, w2, w3, b2], tape) =>
      gatedFeedForward(x as tf.Tensor2D, {
        gate: { weight: w1 as tf.Tensor2D },
        up: { weight: w2 as tf.Tensor2D, bias: b2 as tf.Tensor1D },
        down: { weight: w3 as tf.Tensor2D },
        activation,
        tape,
      }),
    shapes: [[37, 20], [48, 20], [48, 20], [20, 48], [48]],
    tolerance: 2e-5,
  };
}

/** A kernel's value and gradients, as numbers. */
function evaluate(
  { run, shapes }: Case,
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
  const found = [folder, new URL("product/", folder)]
    .flatMap((place) => [...Deno.readDirSync(place)])
    .filter(({ name, isFile }) => isFile && !name.endsWith(".ts"))
    .map(({ name }) => name);
  assert.deepEqual(found.sort(), Object.keys(NATIVE_FILES).sort());
});

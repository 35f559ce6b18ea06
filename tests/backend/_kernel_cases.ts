import type * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "../../lib/backend/mod.ts";
import { noise } from "../_backends.ts";
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
  rmsNorm,
  rotary,
  rotaryTable,
  type Tape,
} from "../../lib/backend/kernels/mod.ts";

/** A kernel, the shapes of its inputs, and how far float32 may drift. */
export interface KernelCase {
  run: (x: Tensor[], tape: Tape) => Tensor;
  shapes: number[][];
  /** Of the largest number of a result. @default {5e-6} */
  tolerance?: number;
}

const offsets = Int32Array.of(0, 3, 3, 150, 190, 191); // one is empty, one long
const T = 191;
/** The last 2, 0, 147, 40 and 1 tokens of these texts. */
const queries = { offsets: Int32Array.of(0, 2, 2, 149, 189, 190) };
const attended =
  (options: Partial<AttentionOptions>): KernelCase["run"] =>
  ([q, k, v, bias], tape) =>
    attention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, {
      sequences: { offsets },
      heads: 4,
      scale: 0.3,
      ...options,
      ...(bias ? { bias: bias as tf.Tensor3D } : {}),
      tape,
    });
const normed: KernelCase["run"] = ([x, g, b, residual], tape) =>
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

/** Each kernel that has compiled forms, by what is tried of it. */
export const CASES: Record<string, KernelCase> = {
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

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disentangledAttention,
  type DisentangledAttentionOptions,
  type Tensor2D,
} from "../../lib/backend/kernels/mod.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";

/** Two texts, of three tokens and of one; two heads of width 2. */
const OFFSETS = Int32Array.of(0, 3, 4);
const [T, H, D, L, R] = [4, 2, 2, 3, 4];
const WIDTH = H * D;
/** Any rows will do: here the distance, cut at 1 before and 2 after. */
const ROWS = Int32Array.from(
  { length: L * L },
  (_, pair) =>
    Math.min(R - 1, Math.max(0, Math.floor(pair / L) - pair % L + 1)),
);
const OPTIONS = {
  sequences: { offsets: OFFSETS },
  heads: H,
  scale: 0.7,
  rows: ROWS,
};

const INPUTS = [T, T, T, R, R].map((rows, i) => ({
  shape: [rows, WIDTH],
  values: noise(rows * WIDTH, i + 1),
}));

/** Number by number, as the formula has it. */
function expected(which: { c2p: boolean; p2c: boolean }): number[] {
  const [q, k, v, p, r] = INPUTS.map(({ values }) => values);
  const at = (x: Float32Array | undefined, row: number, h: number) =>
    x!.subarray(row * WIDTH + h * D, row * WIDTH + (h + 1) * D);
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, x, d) => sum + x * b[d]!, 0);
  const out = new Array<number>(T * WIDTH).fill(0);
  for (let text = 0; text + 1 < OFFSETS.length; text++) {
    const [start, end] = [OFFSETS[text]!, OFFSETS[text + 1]!];
    for (let h = 0; h < H; h++) {
      for (let i = start; i < end; i++) {
        const scores: number[] = [];
        for (let j = start; j < end; j++) {
          const row = ROWS[(i - start) * L + j - start]!;
          let score = dot(at(q, i, h), at(k, j, h));
          if (which.c2p) score += dot(at(q, i, h), at(p, row, h));
          if (which.p2c) score += dot(at(k, j, h), at(r, row, h));
          scores.push(Math.exp(OPTIONS.scale * score));
        }
        const total = scores.reduce((a, b) => a + b);
        scores.forEach((score, j) => {
          at(v, start + j, h).forEach((x, d) => {
            out[i * WIDTH + h * D + d]! += score / total * x;
          });
        });
      }
    }
  }
  return out;
}

function attend(
  [q, k, v, keysByDistance, queriesByDistance]: (tf.Tensor | undefined)[],
  more: Partial<DisentangledAttentionOptions> = {},
): Tensor2D {
  return disentangledAttention(q as Tensor2D, k as Tensor2D, v as Tensor2D, {
    ...OPTIONS,
    keysByDistance: keysByDistance as Tensor2D | undefined,
    queriesByDistance: queriesByDistance as Tensor2D | undefined,
    ...more,
  });
}

onBackends("disentangledAttention() is its formula", () => {
  for (const c2p of [false, true]) {
    for (const p2c of [false, true]) {
      const found = tf.tidy(() => {
        const [q, k, v, p, r] = INPUTS.map((x) =>
          tf.tensor2d(x.values, x.shape as [number, number])
        );
        return attend([q, k, v, c2p ? p : undefined, p2c ? r : undefined])
          .dataSync();
      });
      const off = maxDifference(found, expected({ c2p, p2c }));
      assert.ok(off < 1e-6, `${c2p} ${p2c}: off by ${off}`);
    }
  }
});

onBackends(
  "disentangledAttention()'s gradients are those of differences",
  () => {
    const kept = tf.memory().numTensors;
    checkGradient((...x) => attend(x), INPUTS);
    checkGradient((q, k, v, p) => attend([q, k, v, p]), INPUTS.slice(0, 4));
    checkGradient(
      (q, k, v, r) => attend([q, k, v, undefined, r]),
      INPUTS.slice(0, 4),
    );
    assert.equal(tf.memory().numTensors, kept, "tensors leak");
  },
);

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { type BackendName, useBackend } from "../../lib/backend/mod.ts";
import { native } from "../../lib/backend/native_state.ts";
import {
  crossEntropy,
  type SharedColumns,
  tiledCrossEntropy,
} from "../../lib/backend/kernels/mod.ts";
import { columnsOfRow, sharedColumns } from "../../lib/base/shared_columns.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";
import { watchTensors } from "../train/_collect.ts";

/** Sizes of a product, its labels, and what doesn't count. */
interface Shape {
  B: number;
  C: number;
  D: number;
  scale: number;
  labels: Int32Array<ArrayBuffer>;
  leaveOut: SharedColumns;
}

/** Any shapes, up to several blocks of a compiled kernel in both directions. */
const SHAPES = fc.record({
  B: fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 300 }),
  ),
  C: fc.oneof(
    fc.integer({ min: 2, max: 20 }),
    fc.integer({ min: 2, max: 600 }),
  ),
  D: fc.integer({ min: 1, max: 24 }),
  scale: fc.constantFrom(0.5, 1, 4),
  seed: fc.nat(1e6),
  lists: fc.array(fc.uniqueArray(fc.nat(599), { maxLength: 60 }), {
    maxLength: 4,
  }),
  rows: fc.integer({ min: 1, max: 320 }),
  columns: fc.integer({ min: 1, max: 640 }),
});

type Drawn = typeof SHAPES extends fc.Arbitrary<infer T> ? T : never;

function shapeOf({ B, C, D, scale, seed, lists }: Drawn): Shape {
  const any = noise(B, seed + 3).map((x) => (x + 1) / 2);
  const rising = lists.map((list) =>
    list.filter((c) => c < C).sort((a, b) => a - b)
  );
  const some = noise(B * lists.length, seed + 4);
  return {
    B,
    C,
    D,
    scale,
    labels: Int32Array.from(any, (x) => Math.floor(x * C)),
    leaveOut: sharedColumns(
      rising,
      Array.from(
        { length: B },
        (_, i) =>
          lists.map((_, l) => l).filter((l) =>
            some[i * lists.length + l]! > 0.3
          ),
      ),
    ),
  };
}

type Loss = (q: tf.Tensor, p: tf.Tensor) => tf.Tensor1D;

/** The whole product at once. */
function plain({ B, C, scale, labels, leaveOut }: Shape): Loss {
  const cells = new Float32Array(B * C);
  for (let row = 0; row < B; row++) {
    columnsOfRow(leaveOut, { row, from: 0, to: C }, (column) => {
      if (column !== labels[row]) cells[row * C + column] = 1;
    });
  }
  return (q, p) => {
    const ignored = tf.tensor2d(cells, [B, C]);
    const scores = tf.mul(tf.matMul(q, p, false, true), scale);
    return crossEntropy(
      tf.add(tf.mul(scores, tf.sub(1, ignored)), tf.mul(ignored, -1e9)),
      tf.tensor1d(labels, "int32"),
    );
  };
}

/** Losses, and gradients of their weighted sum by both sides. */
function measured(loss: Loss, { B, C, D }: Shape, seed: number) {
  return tf.tidy(() => {
    const q = tf.tensor2d(noise(B * D, seed), [B, D]);
    const p = tf.tensor2d(noise(C * D, seed + 1), [C, D]);
    const weights = tf.tensor1d(noise(B, seed + 2));
    const slopes = tf.grads((q, p) => tf.sum(tf.mul(loss(q, p), weights)));
    return [loss(q, p), ...slopes([q, p])].map((x) => x.dataSync<"float32">());
  });
}

/** Both forms on a backend. */
async function forms(
  backend: BackendName,
  work: (form: string) => void,
): Promise<void> {
  for (const compiled of [true, false]) {
    await useBackend(backend, { native: compiled });
    assert.equal(native(), compiled);
    work(compiled ? "compiled" : "composed");
  }
  await useBackend(backend);
}

onBackends(
  "tiles of any size give the losses and gradients of the whole",
  async (backend) => {
    await forms(backend, (form) => {
      fc.assert(
        fc.property(SHAPES, (drawn) => {
          const shape = shapeOf(drawn);
          const { rows, columns, seed, D, B } = drawn;
          const tiled: Loss = (q, p) =>
            tiledCrossEntropy(q as tf.Tensor2D, p as tf.Tensor2D, {
              ...shape,
              rows,
              columns,
            });
          const before = tf.memory().numTensors;
          const got = measured(tiled, shape, seed);
          assert.equal(tf.memory().numTensors, before, "tensors leak");
          const wanted = measured(plain(shape), shape, seed);
          // A score is a sum of D products below 1, times the scale, off by the
          // root of D roundings of it on either side. A loss is off by two
          // scores' error and its own rounding; a share by as much of itself and
          // 2^-22 for e^x. Of a gradient at most B rows' are summed.
          const score = 2 ** -23 * D ** 1.5 * shape.scale;
          const largest = wanted[0]!.reduce((a, b) => Math.max(a, b), 1);
          const slope = (2 * score + 2 ** -22) * shape.scale;
          [
            2 * score + 2 ** -22 * largest,
            4 * slope,
            4 * slope * Math.sqrt(B),
          ]
            .forEach((tolerance, i) => {
              const off = maxDifference(got[i]!, wanted[i]!);
              assert.ok(
                off <= tolerance,
                `${form}: number ${i} is off by ${off}, not ${tolerance}`,
              );
            });
        }),
        { numRuns: 30 },
      );
    });
  },
);

onBackends("the gradient of tiles is that of differences", async (backend) => {
  const leaveOut = sharedColumns([[0, 3], [4]], [[0], [0, 1], []]);
  await forms(backend, () =>
    checkGradient(
      (q, p) =>
        tiledCrossEntropy(q as tf.Tensor2D, p as tf.Tensor2D, {
          labels: Int32Array.of(0, 2, 4),
          leaveOut,
          rows: 2,
          columns: 3,
        }),
      [
        { shape: [3, 4], values: noise(12, 1) },
        { shape: [6, 4], values: noise(24, 2) },
      ],
    ));
});

onBackends("the product is never in memory", async (backend) => {
  const [B, C, D] = [700, 1400, 8];
  const labels = Int32Array.from({ length: B }, (_, i) => 2 * i);
  const made: Record<string, number> = {};
  for (const compiled of [true, false]) {
    await useBackend(backend, { native: compiled });
    const watched = await watchTensors(() =>
      measured(
        (q, p) =>
          tiledCrossEntropy(q as tf.Tensor2D, p as tf.Tensor2D, {
            labels,
            rows: 64,
            columns: 64,
          }),
        { B, C, D, scale: 1, labels, leaveOut: sharedColumns([], []) },
        1,
      )
    );
    made[`${compiled}`] = watched.peakBytes;
  }
  await useBackend(backend);
  // Vectors and gradients of both sides, some numbers a row, a few tiles.
  const most = 4 * (6 * (B + C) * D + 20 * B + 10 * 64 * 64);
  assert.ok(most < 4 * B * C / 4);
  for (const peak of Object.values(made)) assert.ok(peak < most, `${peak}`);
});

onBackends("large scores stay finite, and NaN is told", async (backend) => {
  await forms(backend, () =>
    tf.tidy(() => {
      const losses = (rows: number[][], columns = 1) =>
        tiledCrossEntropy(
          tf.tensor2d(rows),
          tf.tensor2d([[1, 0], [0, 1], [-1, 0]]),
          { labels: Int32Array.of(0, 2), scale: 500, columns },
        ).dataSync();
      // The label has the largest score; the smallest.
      assert.deepEqual([...losses([[1, 0], [1, 0]])], [0, 1000]);
      assert.deepEqual([...losses([[1, 0], [1, 0]], 2)], [0, 1000]);
      const [fine, bad] = losses([[1, 0], [NaN, 0]]);
      assert.equal(fine, 0);
      assert.ok(Number.isNaN(bad));
    }));
});

onBackends("a column that is left out changes nothing", async (backend) => {
  const leaveOut = sharedColumns([[1]], [[0], [0]]);
  await forms(backend, () => {
    const gradient = (other: number) =>
      tf.tidy(() => {
        const p = tf.tensor2d([[1, 2], [other, -other], [0.5, 0.1]]);
        const loss = (q: tf.Tensor) =>
          tf.sum(tiledCrossEntropy(q as tf.Tensor2D, p, {
            labels: Int32Array.of(0, 2),
            leaveOut,
            columns: 1,
          }));
        return tf.grad(loss)(tf.tensor2d([[1, 0], [0.3, 1]])).dataSync();
      });
    assert.deepEqual(gradient(7), gradient(-2));
  });
});

onBackends("a tile without rows is refused", () => {
  const one = tf.ones<tf.Rank.R2>([2, 2]);
  assert.throws(
    () => tiledCrossEntropy(one, one, { labels: Int32Array.of(0, 1), rows: 0 }),
    /Cannot compute a cross-entropy in tiles: rows must be an integer >= 1: got 0/,
  );
  one.dispose();
});

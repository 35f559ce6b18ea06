import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import type { Batch } from "../../lib/sampling/mod.ts";
import {
  contrastiveLosses,
  distillation,
  distillationLosses,
} from "../../lib/train/mod.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";
import { hasShared, readShared } from "../_shared.ts";
import { l2Normalize } from "../../lib/backend/kernels/mod.ts";

interface Case {
  name: string;
  temperature: number;
  ce_scores: number[][] | null;
  loss_weights: number[] | null;
  query_reps: number[][];
  passage_reps: number[][];
  expected: {
    loss: number | number[];
    grad_query: number[][];
    grad_passage: number[][];
  };
}

if (hasShared()) {
  onBackends("distillation gives the reference's losses and gradients", () => {
    const cases: Case[] = readShared("fixtures/tdro/infonce.json").cases;
    const ours = cases.filter((c) => c.ce_scores);
    assert.equal(ours.length, 2);
    for (const c of ours) {
      const { temperature } = c;
      /** Shape `[B]`; the reference adds the mean divergence to all. */
      const losses = (q: tf.Tensor, p: tf.Tensor) => {
        const [queries, passages] = [q, p].map((x) =>
          l2Normalize(x as tf.Tensor2D)
        ) as [tf.Tensor2D, tf.Tensor2D];
        const divergence = distillationLosses(queries, passages, {
          temperature,
          teacherTemperature: 1,
          teacherScores: c.ce_scores!.flat(),
        });
        return tf.add(
          contrastiveLosses(queries, passages, {
            temperature,
            negatives: "in-batch",
          }),
          tf.mean(divergence),
        );
      };
      const weights = c.loss_weights ?? c.query_reps.map(() => 1 / 3);
      const [each, dq, dp] = tf.tidy(() => {
        const q = tf.tensor2d(c.query_reps);
        const p = tf.tensor2d(c.passage_reps);
        const [dq, dp] = tf.grads((q, p) =>
          tf.sum(tf.mul(losses(q, p), tf.tensor1d(weights)))
        )([q, p]);
        return [losses(q, p), dq!, dp!].map((t) => [...t.dataSync()]);
      }) as [number[], number[], number[]];
      const { loss, grad_query, grad_passage } = c.expected;
      if (Array.isArray(loss)) assert.ok(maxDifference(each, loss) < 2e-6);
      else assert.ok(Math.abs(each.reduce((a, b) => a + b) / 3 - loss) < 2e-6);
      assert.ok(maxDifference(dq, grad_query.flat()) < 2e-6, c.name);
      assert.ok(maxDifference(dp, grad_passage.flat()) < 2e-6, c.name);
    }
  });
} else {
  Deno.test({ name: "distillation: reference", ignore: true, fn() {} });
}

onBackends("distillationLosses()' gradient equals differences", () => {
  const teacherScores = noise(6, 8);
  checkGradient(
    (q, p) =>
      distillationLosses(q as tf.Tensor2D, p as tf.Tensor2D, {
        temperature: 0.5,
        teacherTemperature: 0.7,
        teacherScores,
      }),
    [
      { shape: [2, 3], values: noise(6, 1) },
      { shape: [6, 3], values: noise(18, 2) },
    ],
  );
});

/** Two queries with two passages each, some of which have a score. */
function batch(...scores: (number | undefined)[]): Batch {
  const passage = (i: number) => ({ id: `${i}`, text: "t", score: scores[i]! });
  return {
    examples: [0, 1].map((i) => ({
      positiveIds: new Set<string>(),
      passages: [passage(2 * i), passage(2 * i + 1)],
    })),
  } as unknown as Batch;
}

const queries = () => tf.tensor2d([[1, 0], [0, 1]]);
const passages = () => tf.tensor2d([[1, 0], [0, 1], [0, 1], [1, 0]]);

onBackends(
  "distillation() takes the passages' scores, weight and temperatures",
  () => {
    const run = (
      options: Parameters<typeof distillation>[0],
      ...scores: number[]
    ) =>
      tf.tidy(() => [
        ...distillation({ temperature: 1, loss: null, ...options })(
          queries(),
          passages(),
          batch(...scores),
        ).dataSync(),
      ]);
    // The student's scores are [1, 0] for both: the first teacher agrees; the
    // second has p and 1 - p with p = σ(-1) where the student has σ(1):
    // Σ t (log t − log s) = (1 − 2p) · 1.
    const p = 1 / (1 + Math.exp(1));
    const got = run({}, 3, 2, 0, 1);
    assert.ok(maxDifference(got, [0, 1 - 2 * p]) < 1e-6, got.join());
    const half = run({ weight: 0.5 }, 3, 2, 0, 1);
    assert.ok(maxDifference(half, [0, 0.5 - p]) < 1e-6);
    const cooled = run({ teacherTemperature: 2 }, 6, 4, 0, 2);
    assert.ok(maxDifference(cooled, got) < 1e-6);
    const given = run({ teacher: () => [3, 2, 0, 1] });
    assert.deepEqual(given, got);
    // Logits of ±500: finite, and (about) the teacher's cross-entropy.
    const sharp = run({ temperature: 0.002 }, 0, 500, 500, 0);
    assert.ok(Math.abs(sharp[0]! - 500) < 1e-3 && Math.abs(sharp[1]!) < 1e-3);
    const added = tf.tidy(() => [
      ...distillation({
        temperature: 1,
        loss: (q) => tf.ones([q.shape[0]]),
      })(queries(), passages(), batch(3, 2, 0, 1)).dataSync(),
    ]);
    assert.ok(maxDifference(added, [1, 2 - 2 * p]) < 1e-6);
  },
);

Deno.test("distillation() refuses what makes no sense", () => {
  const loss = distillation({ loss: null });
  assert.throws(() => loss(queries(), passages(), batch(1, 2, undefined, 3)), {
    name: "RangeError",
    message: /the 4 passages: got NaN at 2; give passages a score/,
  });
  assert.throws(
    () => distillation({ teacher: () => [1] })(queries(), passages(), batch()),
    /one for each of the 4 passages: got 1;/,
  );
  assert.throws(() => distillation({ temperature: 0 }), /temperature must be/);
  assert.throws(
    () => distillation({ teacherTemperature: NaN }),
    /teacherTemperature must be/,
  );
  assert.throws(() => distillation({ weight: -1 }), /weight must be/);
});

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { contrastiveLosses, infoNce } from "../../lib/train/mod.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";
import { hasShared, readShared } from "../_shared.ts";
import { l2Normalize } from "../../lib/backend/kernels/mod.ts";

interface Case {
  name: string;
  mode: "in_batch" | "dro_only_hn";
  temperature: number;
  score_function: "cos_sim" | "dot";
  loss_reduction: "mean" | "none";
  clloss_coef: number;
  only_hn: boolean[] | null;
  ce_scores: unknown;
  loss_weights: number[] | null;
  query_reps: number[][];
  passage_reps: number[][];
  expected: {
    loss: number | number[];
    grad_query: number[][];
    grad_passage: number[][];
  };
  float32_max_abs_diff: {
    loss: number;
    grad_query: number;
    grad_passage: number;
  };
}

if (hasShared()) {
  onBackends("InfoNCE gives the reference's losses and gradients", () => {
    const cases: Case[] = readShared("fixtures/tdro/infonce.json").cases;
    // distillation_test.ts has the cases with a teacher's scores.
    const ours = cases.filter((c) => !c.ce_scores);
    assert.ok(ours.length >= 20);
    for (const c of ours) {
      const B = c.query_reps.length;
      const N = c.passage_reps.length / B;
      const coefficient = c.clloss_coef;
      const weights = c.loss_weights ??
        Array.from({ length: B }, () => 1 / B);
      const normal = (x: tf.Tensor2D) =>
        c.score_function === "cos_sim" ? l2Normalize(x) : x;
      const losses = (q: tf.Tensor, p: tf.Tensor) =>
        contrastiveLosses(normal(q as tf.Tensor2D), normal(p as tf.Tensor2D), {
          temperature: c.temperature,
          negatives: c.mode === "in_batch" ? "in-batch" : "hard-only",
          ignore: c.only_hn ? otherColumns(c.only_hn, B, N) : undefined,
        });
      const [each, dq, dp] = tf.tidy(() => {
        const q = tf.tensor2d(c.query_reps);
        const p = tf.tensor2d(c.passage_reps);
        const [dq, dp] = tf.grads((q, p) =>
          tf.sum(
            tf.mul(losses(q, p), tf.mul(tf.tensor1d(weights), coefficient)),
          )
        )([q, p]);
        return [losses(q, p), dq!, dp!].map((t) => t.dataSync<"float32">());
      });
      const got = [...each!].map((l) => l * coefficient);
      const want = c.expected.loss;
      const near = (a: ArrayLike<number>, b: number[], noise: number) => {
        const scale = Math.max(1, ...b.map(Math.abs));
        const tolerance = Math.max(1e-5, 4 * noise) * scale;
        assert.ok(
          maxDifference(a, b) <= tolerance,
          `${c.name}: ${maxDifference(a, b)} > ${tolerance}`,
        );
      };
      if (Array.isArray(want)) near(got, want, c.float32_max_abs_diff.loss);
      else {
        const mean = got.reduce((a, b) => a + b) / B;
        near([mean], [want], c.float32_max_abs_diff.loss);
      }
      near(
        dq!,
        c.expected.grad_query.flat(),
        c.float32_max_abs_diff.grad_query,
      );
      near(
        dp!,
        c.expected.grad_passage.flat(),
        c.float32_max_abs_diff.grad_passage,
      );
    }
  });
} else {
  Deno.test({
    name: "InfoNCE gives the reference's losses",
    ignore: true,
    fn() {},
  });
}

/** 1 for the passages of other queries in the flagged rows. */
function otherColumns(flags: boolean[], B: number, N: number): Uint8Array {
  return Uint8Array.from(
    { length: B * B * N },
    (_, at) => {
      const [row, column] = [Math.floor(at / (B * N)), at % (B * N)];
      return flags[row] && Math.floor(column / N) !== row ? 1 : 0;
    },
  );
}

onBackends("an ignored passage changes neither loss nor gradient", () => {
  const ignore = new Uint8Array(2 * 4);
  ignore[3] = 1; // query 0 must not see passage 3
  const gradient = (last: number) =>
    tf.tidy(() => {
      const q = tf.tensor2d(noise(6, 1), [2, 3]);
      const values = noise(12, 2);
      values[9] = last;
      return tf.grad((q) =>
        tf.sum(tf.mul(
          contrastiveLosses(q as tf.Tensor2D, tf.tensor2d(values, [4, 3]), {
            temperature: 0.5,
            negatives: "in-batch",
            ignore,
          }),
          tf.tensor1d([1, 0]),
        ))
      )(q).dataSync<"float32">().slice(0, 3);
    });
  assert.deepEqual(gradient(7), gradient(-2));
});

onBackends("a batch with nothing to compare is refused in one line", () => {
  const one = tf.ones<tf.Rank.R2>([1, 3]);
  const two = tf.ones<tf.Rank.R2>([2, 3]);
  assert.throws(
    () =>
      contrastiveLosses(one, one, { temperature: 1, negatives: "in-batch" }),
    /Cannot compute InfoNCE: a batch of 1 queries with 1 passage each has no in-batch negatives/,
  );
  assert.throws(
    () =>
      contrastiveLosses(two, two, { temperature: 1, negatives: "hard-only" }),
    /has no hard-only negatives/,
  );
  assert.throws(
    () =>
      contrastiveLosses(two, one, { temperature: 1, negatives: "in-batch" }),
    /need passages of shape/,
  );
  assert.throws(() => infoNce({ temperature: 0 }), /temperature must be/);
});

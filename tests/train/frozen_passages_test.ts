import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  embed,
  embeddingSize,
  tokenize,
} from "../../lib/model/mod.ts";
import { type Batch, batches } from "../../lib/sampling/mod.ts";
import { infoNce, matchVectors, train } from "../../lib/train/mod.ts";
import { gradientPass } from "../../lib/train/gradient_pass.ts";
import { tokenizeBatch } from "../../lib/train/tokens.ts";
import { trainable } from "../../lib/train/trainable.ts";
import {
  checkGradient,
  maxDifference,
  noise,
  onBackends,
} from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toyRows } from "./_toy_rows.ts";

const SAMPLING = { size: 4, seed: 3, homogeneous: false };
const [BATCH] = batches(toyRows(), [0.5, 0.5], { ...SAMPLING, count: 1 });

/** Vectors of length 1, the same for the same batch. */
function vectorsOf(count: number, D: number): Float32Array {
  const values = noise(count * D, 5);
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * D, (i + 1) * D);
    const length = Math.hypot(...row);
    row.forEach((value, k) => row[k] = value / length);
  }
  return values;
}

const passageCount = ({ examples }: Batch) =>
  examples.reduce((n, { passages }) => n + passages.length, 0);

onBackends("frozen passages: the gradient is that of the queries", async () => {
  const encoder = smallEncoder("mean", 0.3);
  const frozen = vectorsOf(passageCount(BATCH!), embeddingSize(encoder));
  const loss = infoNce({ temperature: 0.5 });
  const tokens = tokenizeBatch(encoder, BATCH!, {}, { queriesOnly: true });
  assert.equal(tokens.passages.ids.length, 0);
  const settings = {
    encoder,
    parameters: trainable(encoder),
    loss,
    weigh: (losses: Float32Array) => [...losses].map(() => 1 / losses.length),
    dropout: 0,
    seed: 0,
    precision: "float32" as const,
    checkpointing: false,
    frozenPassages: () => frozen,
  };
  const whole = await gradientPass(BATCH!, tokens, settings);
  const chunks = await gradientPass(BATCH!, tokens, {
    ...settings,
    gradCache: { chunk: 1 },
  });
  // The loss of the same vectors by hand, as a parameter is moved a little.
  const name = "encoder.layer.1.output.dense.bias";
  const bias = encoder.parameters.get(name)!;
  const start = bias.dataSync<"float32">().slice();
  const mean = (at: number, shift: number) =>
    tf.tidy(() => {
      const moved = start.slice();
      moved[at]! += shift;
      bias.assign(tf.tensor1d(moved));
      const queries = embed(
        encoder,
        tokenize(encoder, BATCH!.examples.map((e) => e.queryText)),
      );
      const passages = tf.tensor2d(frozen, [
        passageCount(BATCH!),
        embeddingSize(encoder),
      ]);
      return tf.mean(loss(queries, passages, BATCH!)).dataSync()[0]!;
    });
  assert.ok(Math.abs(whole.loss - mean(0, 0)) < 1e-5);
  // h²/6·f''' and float32 rounding over h are both about 1e-4 at this step.
  const h = 2 ** -6;
  const got = await (whole.gradients[name] as tf.Tensor).data();
  for (const at of [0, 3, 7]) {
    const slope = (mean(at, h) - mean(at, -h)) / (2 * h);
    assert.ok(Math.abs(got[at]! - slope) < 2e-3, `${got[at]} and ${slope}`);
  }
  bias.assign(tf.tidy(() => tf.tensor1d(start)));
  assert.deepEqual(
    Object.keys(chunks.gradients),
    Object.keys(whole.gradients),
  );
  const other = await (chunks.gradients[name] as tf.Tensor).data();
  assert.ok(maxDifference(got, other) < 1e-5);
  for (const { gradients } of [whole, chunks]) {
    Object.values(gradients).forEach((gradient) => gradient.dispose());
  }
  disposeEncoder(encoder);
});

onBackends(
  "train() brings queries to frozen targets, and keeps no tensor",
  async () => {
    const encoder = smallEncoder("mean", 0.3);
    const D = embeddingSize(encoder);
    const targets = vectorsOf(12, D);
    const losses: number[] = [];
    const counts: number[] = [];
    const sampling = { ...SAMPLING, passages: 1, count: 60 };
    const drawn = [...batches(toyRows(), [0.5, 0.5], sampling)];
    const steps = train(encoder, drawn, {
      learningRate: 1e-2,
      loss: matchVectors(),
      frozenPassages({ examples }) {
        const given = new Float32Array(examples.length * D);
        examples.forEach(({ domain, row }, i) => {
          const at = 6 * domain + row;
          given.set(targets.subarray(at * D, (at + 1) * D), i * D);
        });
        return given;
      },
    });
    for await (const { loss, tokens, step } of steps) {
      const { queries } = tokenizeBatch(encoder, drawn[step]!, {});
      assert.equal(tokens, queries.ids.length);
      losses.push(loss);
      counts.push(tf.memory().numTensors);
    }
    assert.ok(losses.at(-1)! < losses[0]! / 3, losses.join());
    assert.equal(new Set(counts.slice(1)).size, 1, counts.join());
    disposeEncoder(encoder);
  },
);

onBackends("frozen passages of another shape are refused", async () => {
  const encoder = smallEncoder();
  const drawn = batches(toyRows(), [0.5, 0.5], { ...SAMPLING, count: 1 });
  const steps = train(encoder, drawn, {
    frozenPassages: () => new Float32Array(3),
  });
  await assert.rejects(
    () => steps.next(),
    /frozenPassages must give vectors of shape \[8, 16\], 128 numbers: got 3/,
  );
  disposeEncoder(encoder);
});

onBackends("matchVectors(): on unit vectors both terms are the same", () => {
  const B = 3, D = 8;
  const [f, t] = [vectorsOf(B, D), noise(B * D, 9)];
  for (let i = 0; i < B; i++) {
    const row = t.subarray(i * D, (i + 1) * D);
    const length = Math.hypot(...row);
    row.forEach((value, k) => row[k] = value / length);
  }
  const of = (options: { squared: number; cosine: number }) =>
    tf.tidy(() =>
      matchVectors(options)(
        tf.tensor2d(f, [B, D]),
        tf.tensor2d(t, [B, D]),
        BATCH!,
      )
        .dataSync()
    );
  const squared = of({ squared: D, cosine: 0 });
  const cosine = of({ squared: 0, cosine: 2 });
  assert.ok(maxDifference(squared, cosine) < 1e-5);
  // Without length 1 they aren't.
  checkGradient(
    (a, b) => matchVectors()(a as tf.Tensor2D, b as tf.Tensor2D, BATCH!),
    [{ shape: [2, 3], values: noise(6, 2) }, {
      shape: [2, 3],
      values: noise(6, 3),
    }],
  );
});

Deno.test("matchVectors() refuses what it can't use", () => {
  assert.throws(() => matchVectors({ cosine: -1 }), /cosine must be/);
  assert.throws(
    () => matchVectors({ squared: 0, cosine: 0 }),
    /got 0 for both/,
  );
  assert.throws(
    () => matchVectors()(tf.zeros([2, 3]), tf.zeros([4, 3]), BATCH!),
    /draw batches with passages: 1/,
  );
});

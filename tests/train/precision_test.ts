import assert from "node:assert/strict";
import { disposeEncoder, encodeTexts } from "../../lib/model/mod.ts";
import { infoNce, train, type TrainOptions } from "../../lib/train/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { collect, toyBatches, values } from "./_collect.ts";

/** Losses, gradient norms, and how far the parameters moved. */
async function run(options: TrainOptions, updates = 6) {
  const encoder = smallEncoder();
  const before = values(encoder);
  const reports = await collect(train(encoder, toyBatches(updates), {
    learningRate: 2e-3,
    loss: infoNce({ temperature: 0.1 }),
    ...options,
  }));
  const moved = maxDifference(values(encoder), before);
  disposeEncoder(encoder);
  return {
    losses: reports.map((r) => r.loss),
    norms: reports.map((r) => r.gradNorm),
    moved,
  };
}

onBackends("bfloat16 training follows float32", async () => {
  const exact = await run({});
  const rounded = await run({ precision: "bfloat16" });
  exact.losses.forEach((loss, i) => {
    const off = Math.abs(rounded.losses[i]! / loss - 1);
    assert.ok(off < 0.05, `loss ${i}: ${rounded.losses[i]} for ${loss}`);
  });
  assert.ok(Math.abs(rounded.norms[0]! / exact.norms[0]! - 1) < 0.05);
  // Eight bits of mantissa: it would be strange if nothing differed.
  assert.ok(maxDifference(exact.losses, rounded.losses) > 1e-6);
  assert.ok(rounded.losses.at(-1)! < rounded.losses[0]!);
}, ["tensorflow"]);

onBackends("bfloat16: parameters stay float32", async () => {
  // Parameters of about 0.02 have steps of 1e-4 in bfloat16; the first update
  // moves each by the learning rate.
  const { moved } = await run({
    precision: "bfloat16",
    learningRate: 1e-6,
    weightDecay: 0,
  }, 1);
  assert.ok(moved > 5e-7 && moved < 2e-6, `${moved}`);
}, ["tensorflow"]);

onBackends("temperature 0.002: finite in both precisions", async (backend) => {
  const loss = infoNce({ temperature: 0.002 });
  const exact = await run({ loss }, 3);
  assert.ok([...exact.losses, ...exact.norms].every(Number.isFinite));
  if (backend !== "tensorflow") return;
  const rounded = await run({ loss, precision: "bfloat16" }, 3);
  assert.ok([...rounded.losses, ...rounded.norms].every(Number.isFinite));
});

onBackends("bfloat16: GradCache and checkpointing as without", async () => {
  const options: TrainOptions = { precision: "bfloat16", learningRate: 0 };
  const full = await run(options, 1);
  for (const saver of [{ gradCache: { chunk: 3 } }, { checkpointing: true }]) {
    const got = await run({ ...options, ...saver }, 1);
    assert.ok(Math.abs(got.norms[0]! / full.norms[0]! - 1) < 1e-2);
    assert.ok(Math.abs(got.losses[0]! - full.losses[0]!) < 1e-3);
  }
}, ["tensorflow"]);

onBackends("bfloat16 vectors point where float32's do", async () => {
  const encoder = smallEncoder();
  const texts = ["red green", "a green bird sings", "the sky"];
  const exact = await encodeTexts(encoder, texts);
  const rounded = await encodeTexts(encoder, texts, { precision: "bfloat16" });
  const D = exact.dimension;
  texts.forEach((_, i) => {
    let cosine = 0;
    for (let d = 0; d < D; d++) {
      cosine += exact.data[i * D + d]! * rounded.data[i * D + d]!;
    }
    assert.ok(cosine > 0.999, `${cosine}`);
  });
  assert.ok(maxDifference(exact.data, rounded.data) > 1e-6);
  disposeEncoder(encoder);
}, ["tensorflow"]);

onBackends("bfloat16 is refused where it can't be had", async () => {
  await assert.rejects(run({ precision: "bfloat16" }), {
    name: "RangeError",
    message: /precision must be float32 on the wasm backend/,
  });
}, ["wasm"]);

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import { disposeEncoder } from "../../lib/model/mod.ts";
import { batches } from "../../lib/sampling/mod.ts";
import { infoNce, train } from "../../lib/train/mod.ts";
import { maxDifference } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { onWebgpu } from "../_webgpu.ts";
import { toyRows } from "./_toy_rows.ts";

/** Loss, gradient norm and live tensors of each of three updates. */
async function threeSteps() {
  const encoder = smallEncoder();
  const drawn = batches(toyRows(), [0.5, 0.5], { size: 4, seed: 3, count: 3 });
  const steps = train(encoder, drawn, {
    learningRate: 5e-3,
    loss: infoNce({ temperature: 0.1 }),
  });
  const found = { losses: [] as number[], norms: [] as number[] };
  const live = new Set<number>();
  for await (const { loss, gradNorm } of steps) {
    found.losses.push(loss);
    found.norms.push(gradNorm);
    live.add(tf.memory().numTensors);
  }
  disposeEncoder(encoder);
  return { ...found, live };
}

onWebgpu("three updates equal wasm's and keep no tensor", async () => {
  const got = await threeSteps();
  await useBackend("wasm");
  const want = await threeSteps();
  assert.ok(maxDifference(got.losses, want.losses) < 1e-4);
  const relative = got.norms.map((norm, i) => norm / want.norms[i]!);
  assert.ok(maxDifference(relative, [1, 1, 1]) < 1e-4, got.norms.join());
  assert.equal(got.live.size, 1);
});

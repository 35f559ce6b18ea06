import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  disposeEncoder,
  encodeTexts,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { batches, createRng } from "../../lib/sampling/mod.ts";
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

for (const [form, native] of [["our kernels", true], ["tfjs's", false]]) {
  onWebgpu(
    `three updates by ${form} equal wasm's and keep no tensor`,
    async () => {
      await useBackend("webgpu", { native: native as boolean });
      const got = await threeSteps();
      await useBackend("wasm");
      const want = await threeSteps();
      assert.ok(maxDifference(got.losses, want.losses) < 1e-4);
      const relative = got.norms.map((norm, i) => norm / want.norms[i]!);
      assert.ok(maxDifference(relative, [1, 1, 1]) < 1e-4, got.norms.join());
      assert.equal(got.live.size, 1);
    },
  );
}

/** An encoder of the demo's sizes; vectors before and after an update. */
async function demoStep(): Promise<number[][]> {
  const encoder = createEncoder(
    bertConfig({
      vocabSize: 8000,
      hiddenSize: 128,
      layers: 1,
      heads: 2,
      intermediateSize: 512,
    }),
    createTokenizer(trainTokenizer(["red green blue a bird sings is the sky"])),
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
  const texts = ["red green blue", "a bird sings", "sky ".repeat(40)];
  const vectors = async () => [...(await encodeTexts(encoder, texts)).data];
  const before = await vectors();
  const drawn = batches(toyRows(), [0.5, 0.5], { size: 4, seed: 3, count: 1 });
  for await (const { loss } of train(encoder, drawn, { learningRate: 1e-3 })) {
    before.push(loss);
  }
  const after = await vectors();
  disposeEncoder(encoder);
  return [before, after];
}

onWebgpu("a step and vectors of the demo's encoder equal wasm's", async () => {
  const got = await demoStep();
  await useBackend("wasm", { native: false });
  const want = await demoStep();
  assert.ok(maxDifference(got[0]!, want[0]!) < 1e-5);
  // AdamW's first step is ±rate wherever the gradient isn't 0, also where it is
  // no more than rounding: such a parameter may be off by twice the rate.
  assert.ok(maxDifference(got[1]!, want[1]!) < 2e-3);
  assert.ok(maxDifference(got[1]!, want[0]!.slice(0, -1)) > 1e-2);
});

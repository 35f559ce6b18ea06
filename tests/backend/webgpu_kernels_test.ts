import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { readValues, useBackend } from "../../lib/backend/mod.ts";
import { native } from "../../lib/backend/native_state.ts";
import { gelu, linear } from "../../lib/backend/kernels/mod.ts";
import { onWebgpu } from "../_webgpu.ts";
import { assertNear, evaluate } from "./_evaluate.ts";
import { CASES, type KernelCase } from "./_kernel_cases.ts";

/** What has shaders of its own for little that is new: compiling takes seconds. */
const LEFT_OUT = /heads of|gatedFeedForward\(\) with gelu/;

for (const [name, kernel] of Object.entries(CASES)) {
  if (LEFT_OUT.test(name)) continue;
  onWebgpu(`${name} in WGSL computes what it computes composed`, async () => {
    assert.equal(native(), true);
    const before = tf.memory().numTensors;
    const got = await evaluate(kernel);
    assert.equal(tf.memory().numTensors, before, "tensors leak");
    assert.deepEqual(await evaluate(kernel), got, "not the same again");
    await useBackend("wasm", { native: false });
    const want = await evaluate(kernel);
    assertNear(got, want, kernel.tolerance);
  });
}

onWebgpu("when the queue is submitted changes nothing", async () => {
  // All buffers are of one size: one that is given back too soon has another use.
  const square: KernelCase = {
    run: CASES["gatedFeedForward() with silu"]!.run,
    shapes: [[20, 20], [20, 20], [20, 20], [20, 20], [20]],
  };
  const first = await evaluate(square);
  for (let before = 1; before < 16; before++) {
    tf.tidy(() => {
      for (let i = 0; i < before; i++) gelu(tf.fill([3], i));
    });
    assert.deepEqual(await evaluate(square), first, `after ${before}`);
  }
});

onWebgpu("a tensor that no shader can see is refused in one line", () => {
  const { limits } = (tf.backend() as unknown as { device: GPUDevice }).device;
  const rows = Math.ceil(limits.maxStorageBufferBindingSize / 4 / 500) + 1;
  const x = tf.tensor2d(new Float32Array(rows), [rows, 1]);
  const w = tf.tensor2d(new Float32Array(500), [500, 1]);
  const before = tf.memory().numTensors;
  assert.throws(
    () => linear(x, w),
    /^RangeError: Cannot compute on the webgpu backend: a tensor must have at most \d+ bytes on this GPU: got \d+; use a smaller batch$/,
  );
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([x, w]);
  return Promise.resolve();
});

onWebgpu("what a GPU refuses after a call is an error", async () => {
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const x = gelu(tf.ones([3]));
  const { MAP_READ, MAP_WRITE } = GPUBufferUsage;
  device.createBuffer({ size: 16, usage: MAP_READ | MAP_WRITE });
  await assert.rejects(
    readValues(x),
    /^Error: Cannot compute on the webgpu backend: .*usage/,
  );
  assert.equal((await readValues(x)).length, 3); // said once
  x.dispose();
});

onWebgpu("the composed form runs where it is asked for", async () => {
  const { reason } = await useBackend("webgpu", { native: false });
  assert.match(reason, /; no kernels of tdro: switched off$/);
  assert.equal(native(), false);
});

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { onBackends } from "../_backends.ts";
import { dropout } from "../../lib/backend/kernels/mod.ts";

const WIDTH = 64;

/** What is dropped of each row, under one seed a row. */
function dropped(...seeds: number[]): string[] {
  const y = tf.tidy(() =>
    dropout(tf.ones([seeds.length, WIDTH]), 0.3, {
      seed: Int32Array.from(seeds),
    }).dataSync()
  );
  return seeds.map((_, i) =>
    y.slice(i * WIDTH, (i + 1) * WIDTH).map((v) => v === 0 ? 1 : 0).join("")
  );
}

onBackends("dropout(): a row's own seed decides, wherever it lies", () => {
  const [a, b, c] = dropped(7, -2, 7);
  assert.equal(a, c);
  assert.notEqual(a, b);
  assert.deepEqual(dropped(-2), [b]);
});

onBackends("dropout(): the rows' seeds drop the share asked for", () => {
  const rows = 2000;
  const ones = dropped(...Array.from({ length: rows }, (_, i) => i))
    .join("").replaceAll("0", "").length;
  // Standard deviation of the share: √(0.3 · 0.7 / 128,000) = 0.0013.
  assert.ok(Math.abs(ones / (rows * WIDTH) - 0.3) < 0.0065);
});

Deno.test("dropout() refuses seeds that don't fit the rows", () => {
  assert.throws(
    () => dropout(tf.ones([3, 2]), 0.1, { seed: Int32Array.of(1, 2) }),
    { name: "TypeError", message: /one for each of the 3 rows: got 2/ },
  );
});

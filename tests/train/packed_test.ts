import assert from "node:assert/strict";
import { disposeEncoder, embed, tokenize } from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { watchTensors } from "./_collect.ts";

/** Width of the feed-forward part of smallEncoder(): nothing else is that wide. */
const WIDTH = 32;

onBackends("texts of mixed lengths: no padding reaches a matrix", async () => {
  const encoder = smallEncoder();
  const long = "a green bird sings ".repeat(6);
  const batch = tokenize(encoder, ["red", long, "the sky", "blue", "red"]);
  const count = batch.ids.length;
  const { shapes } = await watchTensors(() => {
    embed(encoder, batch).dispose();
  });
  const padded = 5 * Math.max(...lengths(batch.offsets));
  assert.ok(padded > 2 * count);
  const rows = [...shapes].map((shape) => shape.split(",").map(Number))
    .filter((shape) => shape.at(-1) === WIDTH)
    .map((shape) => shape.reduce((a, b) => a * b, 1) / WIDTH);
  assert.ok(rows.includes(count));
  assert.ok(!rows.includes(padded), rows.join());
  disposeEncoder(encoder);
});

function lengths(offsets: Int32Array): number[] {
  return [...offsets.subarray(1)].map((end, i) => end - offsets[i]!);
}

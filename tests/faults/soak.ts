/**
 * Trains for thousands of updates and wants memory to stay where it was: tensors,
 * and resident memory to 2 %, when garbage is collected before it is read (V8 lets
 * some tens of MiB gather otherwise).
 *
 * Usage: deno run -A --v8-flags=--expose-gc soak.ts [BACKEND] [UPDATES]
 */
import * as tf from "@tensorflow/tfjs-core";
import { type BackendName, useBackend } from "../../lib/backend/mod.ts";
import { batches, createRng } from "../../lib/sampling/mod.ts";
import { train } from "../../lib/train/mod.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toyRows } from "../train/_toy_rows.ts";

const [backend = "tensorflow", updates = "10000"] = Deno.args;
const EVERY = Math.max(100, Number(updates) / 20);
/** Caches, compiled code and pools have their size by then. */
const WARM = 500;

await useBackend(backend as BackendName);
/** Rows whose texts have all lengths, so that shapes differ from batch to batch. */
const rng = createRng(1, "lengths");
const longer = (text: string) => `${text} `.repeat(1 + rng.int(6)).trim();
const rows = toyRows().map((task) =>
  task.map(({ query, positives, negatives, ...row }) => ({
    ...row,
    query: { ...query, text: longer(query.text) },
    positives: positives.map((p) => ({ ...p, text: longer(p.text) })),
    negatives: negatives.map((p) => ({ ...p, text: longer(p.text) })),
  }))
);
const drawn = batches(rows, [1, 1], {
  size: 8,
  passages: 2,
  seed: 1,
  count: Number(updates),
});

let tensors = 0, base = 0, most = 0;
for await (const { step } of train(smallEncoder(), drawn)) {
  if (step === 10) tensors = tf.memory().numTensors;
  if (step === 0 || step % EVERY > 0) continue;
  if (tf.memory().numTensors !== tensors) {
    throw new Error(
      `${tf.memory().numTensors} tensors after ${step} updates, ${tensors} after 10`,
    );
  }
  (globalThis as unknown as { gc(): void }).gc();
  const now = Deno.memoryUsage().rss / 2 ** 20;
  if (step <= WARM) base = now;
  most = Math.max(most, now);
  console.log(`${step}\t${now.toFixed(1)} MiB\t${tensors} tensors`);
}
const growth = most / base - 1;
console.log(`memory grew by ${(100 * growth).toFixed(1)} %`);
if (growth > 0.02) Deno.exit(1);

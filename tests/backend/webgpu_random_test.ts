import fc from "fast-check";
import type * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../lib/backend/mod.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import { attention, linear } from "../../lib/backend/kernels/mod.ts";
import { onWebgpu } from "../_webgpu.ts";
import { assertNear, evaluate } from "./_evaluate.ts";
import type { KernelCase } from "./_kernel_cases.ts";

/** Maps of sizes that take each height of tiles, and sums cut into parts. */
const TILES: Record<string, [rows: number, inner: number, outer: number]> = {
  "16 rows": [17, 40, 70],
  "32 rows": [300, 5, 200],
  "64 rows": [450, 5, 900],
  "128 rows": [1000, 5, 970],
  "128 rows, also of the weight's gradient": [5, 970, 1000],
  "parts of a long sum": [1300, 20, 30],
};

for (const [name, [rows, inner, outer]] of Object.entries(TILES)) {
  onWebgpu(`linear() in tiles of ${name} is that of wasm`, async () => {
    const kernel: KernelCase = {
      run: ([x, w, b], tape) =>
        linear(x as tf.Tensor2D, w as tf.Tensor2D, {
          bias: b as tf.Tensor1D,
          tape,
        }),
      shapes: [[rows, inner], [outer, inner], [outer]],
    };
    const got = await evaluate(kernel);
    await useBackend("wasm", { native: false });
    assertNear(got, await evaluate(kernel), 2e-5);
  });
}

/** Compares a kernel on webgpu with others: composed, and TensorFlow's. */
async function compare(kernel: KernelCase): Promise<void> {
  await useBackend("webgpu");
  const got = await evaluate(kernel);
  await useBackend("wasm", { native: false });
  assertNear(got, await evaluate(kernel), kernel.tolerance);
  if (!findInstallation()) return;
  await useBackend("tensorflow", { native: false });
  assertNear(got, await evaluate(kernel), kernel.tolerance);
}

// One row, tiles that are just full, a little more or less, and many rows.
const size = fc.oneof(
  fc.constantFrom(1, 15, 16, 17, 63, 64, 65, 1000),
  fc.integer({ min: 1, max: 150 }),
);
const depth = fc.oneof(
  fc.constantFrom(1, 16, 600),
  fc.integer({ min: 1, max: 90 }),
);

const linearCase = fc.record({
  rows: size,
  inner: depth,
  outer: size,
  bias: fc.boolean(),
  activation: fc.constantFrom(undefined, "gelu", "silu"),
}).map(({ rows, inner, outer, bias, activation }): KernelCase => ({
  run: ([x, w, b], tape) =>
    linear(x as tf.Tensor2D, w as tf.Tensor2D, {
      bias: b as tf.Tensor1D | undefined,
      activation: activation as "gelu" | "silu" | undefined,
      tape,
    }),
  shapes: [[rows, inner], [outer, inner], ...(bias ? [[outer]] : [])],
  // Sums of up to 1,000 products, in another order: √1000 · 2^-24 · 10.
  tolerance: 2e-5,
}));

onWebgpu(
  "linear() of any size is that of other backends",
  () => fc.assert(fc.asyncProperty(linearCase, compare), { numRuns: 12 }),
);

const attentionCase = fc.record({
  lengths: fc.array(fc.integer({ min: 0, max: 70 }), {
    minLength: 1,
    maxLength: 6,
  }).filter((lengths) => lengths.some((length) => length > 0)),
  keyHeads: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  D: fc.constantFrom(6, 8, 16, 32, 64),
  causal: fc.boolean(),
  window: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  softcap: fc.constantFrom(0, 3),
  asking: fc.integer({ min: 1, max: 70 }),
}).map(
  ({ lengths, keyHeads, group, D, asking, window, ...given }): KernelCase => {
    const options = window === undefined ? given : { ...given, window };
    const offsetsOf = (counts: number[]) => {
      let at = 0;
      return Int32Array.of(0, ...counts.map((count) => at += count));
    };
    const sequences = { offsets: offsetsOf(lengths) };
    // Of each text the last tokens, or all.
    const counts = lengths.map((length) => Math.min(length, asking));
    const queries = { offsets: offsetsOf(counts) };
    const [Q, T] = [queries.offsets.at(-1)!, sequences.offsets.at(-1)!];
    const heads = keyHeads * group;
    return {
      run: ([q, k, v], tape) =>
        attention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, {
          ...{ sequences, queries, heads, keyHeads, tape, ...options },
          scale: 1 / Math.sqrt(D) / 3,
        }),
      shapes: [[Q, heads * D], [T, keyHeads * D], [T, keyHeads * D]],
      tolerance: 2e-5,
    };
  },
);

onWebgpu(
  "attention() over any texts is that of other backends",
  () => fc.assert(fc.asyncProperty(attentionCase, compare), { numRuns: 15 }),
);

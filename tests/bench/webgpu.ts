/**
 * Our kernels in WGSL beside tfjs's own and jax-js, on this machine's GPU, in
 * alternating rounds of one process:
 * `deno run -A --unstable-webgpu tests/bench/webgpu.ts [--rounds N] [--quick]`
 *
 * It prints what a round takes, and what it gives to the GPU: programs, uploads,
 * submissions. Without a GPU, software Vulkan shows the counts, and times that say
 * nothing of a GPU.
 */
import { parseArgs } from "@std/cli/parse-args";
import * as tf from "@tensorflow/tfjs-core";
import { attention, linear, Tape } from "../../lib/backend/kernels/mod.ts";
import { readValues, useBackend } from "../../lib/backend/mod.ts";
import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  encodeTexts,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { textTable } from "../../lib/report/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { infoNce, train } from "../../lib/train/mod.ts";
import { noise } from "../_backends.ts";
import { asBatch, forever } from "./_training.ts";
import { jaxAttention, jaxMapping, startJaxJs } from "./_jax_js.ts";
import { counted, type Counts } from "./_webgpu_counts.ts";

const flags = parseArgs(Deno.args, { boolean: ["quick"], string: ["rounds"] });
const rounds = Number(flags.rounds ?? 5);
const scale = flags.quick ? 1 : 4;
// Deno ends a process whose only pending work is WebGPU's: stay awake.
const awake = setInterval(() => {}, 200);

/** One work of one side: a round of it. */
type Round = () => Promise<unknown>;

const words = ["red", "green", "blue", "bird", "sings", "sky", "tree", "fish"];
const rng = createRng(1, "texts");
/** Texts of 6 to 62 words, so of mixed lengths. */
const texts = (count: number) =>
  Array.from(
    { length: count },
    () =>
      Array.from({ length: 6 + rng.int(57) }, () => words[rng.int(8)]!)
        .join(" "),
  );

/** The demo's encoder, with random weights. */
function demoEncoder(): Encoder {
  return createEncoder(
    bertConfig({
      vocabSize: 8000,
      hiddenSize: 128,
      layers: 1,
      heads: 2,
      intermediateSize: 512,
    }),
    createTokenizer(trainTokenizer([words.join(" ")])),
    {
      rng: createRng(1, "model"),
      modules: { pooling: "mean", normalize: true, prompts: {} },
    },
  );
}

const queries = texts(8 * scale);
const passages = queries.map(() => texts(2));
const corpus = texts(32 * scale);

function trainingStep(): Round {
  const steps = train(
    demoEncoder(),
    forever([asBatch({ queries, passages })]),
    {
      loss: infoNce({ temperature: 0.05 }),
      learningRate: 1e-5,
      queryLength: 64,
      passageLength: 64,
    },
  );
  return async () => (await steps.next()).value!.loss;
}

function encoding(): Round {
  const encoder = demoEncoder();
  return async () => (await encodeTexts(encoder, corpus)).data[0];
}

const MAPPED = 512 * scale;

/** x Wᵀ + b, as a layer's maps are. */
function mapping(): Round {
  const x = tf.tensor2d(noise(MAPPED * 384), [MAPPED, 384]);
  const weight = tf.tensor2d(noise(384 * 384, 2), [384, 384]);
  const bias = tf.tensor1d(noise(384, 3));
  return () => last(() => linear(x, weight, { bias }));
}

const lengths = Array.from({ length: 8 * scale }, () => 8 + rng.int(57));

function attending(): Round {
  const offsets = Int32Array.of(0, ...lengths);
  for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
  const T = offsets.at(-1)!;
  const [q, k, v] = [1, 2, 3].map((seed) =>
    tf.tensor2d(noise(T * 128, seed), [T, 128])
  ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const options = { sequences: { offsets }, heads: 2, scale: 1 / 8 };
  return async () => {
    const tape = new Tape([q, k, v]);
    const y = attention(q, k, v, { ...options, tape });
    const gradients = tape.backward([[y, y]]);
    const value = await last(() => tf.clone(gradients.get(k)!));
    tf.dispose([y, ...gradients.values()]);
    return value;
  };
}

/** A number of what is computed, so that all of it is waited for. */
async function last(compute: () => tf.Tensor): Promise<number> {
  const y = compute();
  const values = await readValues(y);
  y.dispose();
  return values[0]!;
}

/** Each work on tfjs, with our kernels or its own, and in jax-js where it is there. */
const WORKS: Record<string, { ours: () => Round; jax?: () => Round }> = {
  "training step of the demo's encoder": { ours: trainingStep },
  "encoding with it": { ours: encoding },
  "a map of 384 × 384": { ours: mapping, jax: () => jaxMapping(MAPPED) },
  "attention and its gradients": {
    ours: attending,
    jax: () => jaxAttention(lengths),
  },
};

/** A work's side: how a round is made ready, and the round. */
interface Side {
  side: string;
  before: () => Promise<unknown>;
  round: Round;
  times: number[];
}

async function sidesOf(
  { ours, jax }: { ours: () => Round; jax?: () => Round },
): Promise<Side[]> {
  const sides: Side[] = [];
  for (const native of [true, false]) {
    const before = () => useBackend("webgpu", { native });
    await before();
    const side = native ? "tdro's kernels" : "tfjs's";
    sides.push({ side, before, round: ours(), times: [] });
  }
  if (jax) {
    const before = () => Promise.resolve();
    sides.push({ side: "jax-js", before, round: jax(), times: [] });
  }
  return sides;
}

const { reason, device } = await useBackend("webgpu");
await startJaxJs();
console.log(`${reason} (${device}); ${rounds} rounds`);
const rows: Record<string, string | number>[] = [];
for (const [work, how] of Object.entries(WORKS)) {
  const sides = await sidesOf(how);
  const found: { counts: Counts; value: unknown }[] = [];
  for (const { before, round } of sides) {
    await before();
    await round(); // compiles
    found.push(await counted(round));
  }
  for (let i = 0; i < rounds; i++) {
    for (const { before, round, times } of sides) {
      await before();
      const started = performance.now();
      await round();
      times.push(performance.now() - started);
    }
  }
  sides.forEach(({ side, times }, k) =>
    rows.push({
      work,
      side,
      "ms, median": median(times).toFixed(1),
      "times as long": median(times.map((t, i) => t / sides[0]!.times[i]!))
        .toFixed(2),
      ...found[k]!.counts,
      check: Number(found[k]!.value).toPrecision(4),
    })
  );
}
console.log(textTable(rows));
clearInterval(awake);
Deno.exit(0); // the training steps wait for more

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { type BackendName, useBackend } from "../../lib/backend/mod.ts";
import {
  addLora,
  disposeCrossEncoder,
  disposeEncoder,
  type Encoder,
  encodeTexts,
  scorePairs,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { noise, onBackends } from "../_backends.ts";
import { FAMILY_NAMES, familyEncoder } from "./_family_encoders.ts";

const TEXTS = [
  "red green blue",
  "a green bird sings",
  "blue",
  "the sky is red",
];

/** Cosines of vectors row by row; the least of them. */
function leastCosine(a: Float32Array, b: Float32Array, D: number): number {
  const cosines = TEXTS.map((_, i) => {
    const [x, y] = [a, b].map((v) => v.subarray(i * D, (i + 1) * D));
    const dot = (p: Float32Array, q: Float32Array) =>
      p.reduce((sum, v, k) => sum + v * q[k]!, 0);
    return dot(x!, y!) / Math.sqrt(dot(x!, x!) * dot(y!, y!));
  });
  return Math.min(...cosines);
}

async function vectors(encoder: Encoder, precision: "float32" | "int8") {
  const { data } = await encodeTexts(encoder, TEXTS, { precision });
  return data;
}

/** The same parameters on another backend, or without compiled kernels. */
async function composedVectors(backend: BackendName, name: string) {
  await useBackend(backend, { native: false });
  const encoder = familyEncoder(name);
  const found = await vectors(encoder, "int8");
  disposeEncoder(encoder);
  await useBackend(backend);
  return found;
}

onBackends("every family encodes in int8", async () => {
  for (const name of FAMILY_NAMES) {
    const before = tf.memory().numTensors;
    const encoder = familyEncoder(name);
    const plain = await vectors(encoder, "float32");
    const small = await vectors(encoder, "int8");
    assert.notDeepEqual(small, plain, name);
    const D = plain.length / TEXTS.length;
    // A whole number is off by up to half of 1/127 of the row's largest: with
    // 16 numbers a row of about half that size, 0.5% of each product and 2% of a
    // vector after three layers, whose cosine is then above 1 - 0.02².
    assert.ok(leastCosine(plain, small, D) > 0.995, name);
    disposeEncoder(encoder);
    assert.ok(tf.memory().numTensors <= before + 1, `${name} leaks`);
  }
});

onBackends("compiled int8 is the composed one", async (backend) => {
  for (const name of ["bert", "qwen3"]) {
    const encoder = familyEncoder(name);
    const compiled = await vectors(encoder, "int8");
    const D = compiled.length / TEXTS.length;
    disposeEncoder(encoder);
    const composed = await composedVectors(backend, name);
    // Sums are the same; what differs by the last bit before it is rounded to a
    // whole number may become its neighbour, of 127 steps.
    assert.ok(leastCosine(composed, compiled, D) > 0.9999, name);
  }
});

onBackends("an adapter's factors aren't quantised", async () => {
  const base = familyEncoder("bert");
  const plain = await vectors(base, "int8");
  const adapted = addLora(base, {
    rank: 2,
    alpha: 4,
    rng: createRng(1, "lora"),
  });
  // New factors change nothing: one of each pair is zero.
  const D = plain.length / TEXTS.length;
  const cosine = leastCosine(plain, await vectors(adapted, "int8"), D);
  assert.ok(cosine > 0.9999);
  disposeEncoder(adapted);
});

onBackends("a cross-encoder scores in int8", async () => {
  const encoder = familyEncoder("bert");
  const D = encoder.config.hiddenSize;
  const map = (rows: number) =>
    [
      tf.tensor2d(noise(rows * D), [rows, D]),
      tf.tensor1d(noise(rows)),
    ] as const;
  const model = {
    ...{ encoder, maxLength: 32, typed: true, activation: "identity" as const },
    head: { inner: map(D), last: map(1), activation: "tanh" as const },
  };
  const pairs = [["red", "the sky"], ["a bird", "blue is green"]] as const;
  const plain = await scorePairs(model, pairs);
  const small = await scorePairs(model, pairs, { precision: "int8" });
  const most = plain.reduce((sum, v) => Math.max(sum, Math.abs(v)), 0);
  plain.forEach((score, i) => {
    assert.notEqual(small[i], score);
    // As above, 2% of what the head sees; it adds D numbers of that.
    assert.ok(Math.abs(small[i]! - score) < 0.02 * D * most);
  });
  disposeCrossEncoder(model);
});

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  addLora,
  disposeEncoder,
  embed,
  type Encoder,
  encodeTexts,
  loadEncoder,
  loadLora,
  loraConfig,
  mergeLora,
  type Pooling,
  saveEncoder,
  saveLora,
  tokenize,
  unpad,
} from "../../../lib/model/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import { hasShared, readShared, shared } from "../../_shared.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { Tape } from "../../../lib/backend/kernels/mod.ts";

const POOLINGS = { mean: "mean", cls: "cls", last: "lastToken" } as const;

for (
  const adapter of ["bert-lora", "qwen2-lora", "qwen2-rslora", "llama-lora"]
) {
  if (!hasShared()) {
    Deno.test({
      name: `${adapter} gives peft's embeddings`,
      ignore: true,
      fn() {},
    });
    continue;
  }
  onBackends(`${adapter} gives peft's embeddings, also merged`, async () => {
    const folder = `fixtures/models/lora/${adapter}`;
    const expected = readShared(`${folder}/expected.json`);
    const base = await loadEncoder(
      shared(`fixtures/models/checkpoints/${expected.base_checkpoint}`),
    );
    checkEmbeddings(base, expected, "before");
    const adapted = await loadLora(base, shared(folder));
    checkEmbeddings(adapted, expected, "after");
    const merged = mergeLora(adapted);
    checkEmbeddings(merged, expected, "merged");
    for (const [name, values] of Object.entries(expected.merged_weights)) {
      const found = merged.parameters.get(name)!.dataSync();
      const { first8 } = values as { first8: number[] };
      assert.ok(maxDifference(found.slice(0, 8), first8) < 1e-5, name);
    }
    disposeEncoder(merged);
  });
}

// deno-lint-ignore no-explicit-any -- the fixture's own form
function checkEmbeddings(encoder: Encoder, expected: any, state: string) {
  const names = Object.keys(expected.texts);
  const rows: number[][] = expected.input_ids;
  const masks: number[][] = expected.attention_mask;
  const packed = unpad({
    ids: Int32Array.from(rows.flat()),
    mask: Float32Array.from(masks.flat()),
    batch: rows.length,
    length: rows[0]!.length,
  });
  for (const [theirs, pooling] of Object.entries(POOLINGS)) {
    const modules = { pooling: pooling as Pooling, normalize: true };
    const found = tf.tidy(() =>
      embed({ ...encoder, modules }, packed).arraySync()
    );
    names.forEach((name, i) => {
      const want: number[] = expected[state][theirs][name];
      if (!want) return;
      const worst = maxDifference(found[i]!, want);
      assert.ok(worst < 1e-4, `${state}, ${theirs} of ${name}: ${worst}`);
    });
  }
}

/** A small encoder with an adapter that changes its embeddings. */
function adaptedEncoder(): Encoder {
  const encoder = addLora(smallEncoder(), {
    rank: 2,
    dropout: 0,
    rng: createRng(3, "lora"),
  });
  for (const [name, factor] of encoder.parameters) {
    if (!name.endsWith("lora_B.weight")) continue;
    tf.tidy(() =>
      factor.assign(tf.tensor(noise(factor.size, 7), factor.shape))
    );
  }
  return encoder;
}

onBackends(
  "a new adapter changes nothing; only its factors train",
  async () => {
    const base = smallEncoder();
    const before = (await encodeTexts(base, ["red green"])).data;
    const adapted = addLora(base, { rank: 2, rng: createRng(3, "lora") });
    assert.deepEqual((await encodeTexts(adapted, ["red green"])).data, before);
    const tape = new Tape();
    const y = embed(adapted, tokenize(adapted, ["red green", "sky"]), { tape });
    const dy = tf.tensor2d(noise(y.size, 2), y.shape);
    const gradients = tape.backward([[y, dy]]);
    const trained = [...adapted.parameters].filter(([, p]) => gradients.has(p))
      .map(([name]) => name);
    assert.equal(
      trained.length,
      2 * 2 * 6,
      "two factors of six maps, two layers",
    );
    assert.ok(trained.every((name) => name.includes(".lora_")));
    tf.dispose([y, dy, ...gradients.values()]);
    disposeEncoder(adapted);
  },
);

onBackends(
  "an adapter saved by us loads with the same embeddings",
  async () => {
    const adapted = adaptedEncoder();
    const folder = await Deno.makeTempDir();
    await saveLora(adapted, folder);
    await saveEncoder(adapted, `${folder}/whole`);
    const again = await loadLora(smallEncoder(), folder);
    const whole = await loadEncoder(`${folder}/whole`);
    const texts = ["green blue", "sky"];
    const want = (await encodeTexts(adapted, texts)).data;
    assert.deepEqual((await encodeTexts(again, texts)).data, want);
    assert.deepEqual((await encodeTexts(whole, texts)).data, want);
    assert.equal(whole.lora?.alpha, adapted.lora?.alpha);
    const merged = mergeLora(adapted);
    assert.ok(
      maxDifference((await encodeTexts(merged, texts)).data, want) < 1e-5,
    );
    [again, whole, merged].forEach(disposeEncoder);
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("an adapter's errors name what is wrong", async () => {
  assert.throws(() => loraConfig({ dropout: 1 }), {
    name: "RangeError",
    message: /Cannot make a LoRA adapter: dropout: /,
  });
  const encoder = adaptedEncoder();
  const rng = createRng(1, "lora");
  assert.throws(() => addLora(encoder, { rng }), /has one already/);
  const merged = mergeLora(encoder);
  assert.throws(() => mergeLora(merged), /has none/);
  assert.throws(() => addLora(merged, { rng, targets: ["qury"] }), {
    name: "RangeError",
    message: /targets must name maps of the model \(.*query.*\): got "qury"/,
  });
  const folder = await Deno.makeTempDir();
  await assert.rejects(loadLora(merged, folder), /adapter_config\.json/);
  const write = (fields: object) =>
    Deno.writeTextFile(
      `${folder}/adapter_config.json`,
      JSON.stringify({
        peft_type: "LORA",
        r: 2,
        lora_alpha: 4,
        target_modules: ["query"],
        ...fields,
      }),
    );
  await write({ use_dora: true });
  await assert.rejects(loadLora(merged, folder), {
    name: "SyntaxError",
    message: /use_dora: must be false.*got true/,
  });
  const other = addLora(smallEncoder(), { rank: 3, rng });
  await saveLora(other, folder);
  await write({ r: 2 });
  await assert.rejects(loadLora(merged, folder), {
    name: "RangeError",
    message: /lora_A\.weight must have shape \[2,16\]: got \[3,16\]/,
  });
  [other, merged].forEach(disposeEncoder);
  await Deno.remove(folder, { recursive: true });
});

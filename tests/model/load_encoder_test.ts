import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  createEncoder,
  createTokenizer,
  decoderConfig,
  disposeEncoder,
  embed,
  encodeTexts,
  loadEncoder,
  loadTokenizer,
  packTexts,
  saveEncoder,
  tokenize,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { hasShared, shared } from "../_shared.ts";
import { familyEncoder } from "./_family_encoders.ts";

const FIXTURES = "fixtures/models/checkpoints";

async function savedFolder(
  body: (
    folder: string,
    json: (name: string) => Promise<unknown>,
  ) => Promise<void>,
  encoder = familyEncoder("qwen3", {
    pooling: "mean",
    maps: [{ kind: "dense", in: 16, out: 4, bias: true, activation: "tanh" }],
    normalize: true,
    prompts: {},
  }),
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await saveEncoder(encoder, folder);
    const json = async (name: string) =>
      JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    await body(folder, json);
  } finally {
    disposeEncoder(encoder);
    await Deno.remove(folder, { recursive: true });
  }
}

async function change(
  path: string,
  fields: Record<string, unknown>,
): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...json, ...fields }));
}

Deno.test("loadEncoder() names what doesn't fit, and keeps no tensor", async () => {
  await useBackend("wasm");
  await savedFolder(async (folder) => {
    const before = tf.memory().numTensors;
    const config = `${folder}/config.json`;
    const text = await Deno.readTextFile(config);
    for (
      const [fields, error] of [
        [{ model_type: "t6" }, /config\.json: model_type must be one of/],
        [
          { num_hidden_layers: 4, layer_types: null },
          /tensor layers\.3\.\S+ is missing/,
        ],
        [{ attention_bias: true }, /tensor \S+\.bias is missing/],
        [
          { num_key_value_heads: 1 },
          /tensor layers\.0\.self_attn\.k_proj\.weight must have shape \[6,16\]: got \[12,16\]/,
        ],
        [{ vocab_size: 9 }, /the tokenizer has \d+ entries, .*vocab_size 9/],
      ] as [Record<string, unknown>, RegExp][]
    ) {
      await change(config, fields);
      await assert.rejects(loadEncoder(folder), error);
      await Deno.writeTextFile(config, text);
    }
    await change(`${folder}/2_Dense/config.json`, { in_features: 8 });
    await assert.rejects(
      loadEncoder(folder),
      /dense module 0 must take vectors of length 16: got 8/,
    );
    await change(`${folder}/2_Dense/config.json`, {
      in_features: 16,
      out_features: 5,
    });
    await assert.rejects(
      loadEncoder(folder),
      /2_Dense: tensor linear\.weight must have shape \[5,16\]: got \[4,16\]/,
    );
    await Deno.remove(`${folder}/2_Dense/model.safetensors`);
    await assert.rejects(loadEncoder(folder), Deno.errors.NotFound);
    assert.equal(tf.memory().numTensors, before);
  });
});

Deno.test("a padding token beyond the table is let through, its use is not", async () => {
  await useBackend("wasm");
  const tokenizer = createTokenizer(trainTokenizer(["red green blue"]));
  const json = structuredClone(tokenizer.toJSON());
  const id = tokenizer.vocabSize;
  json.added_tokens.push({ id, content: "<pad>", special: true });
  const grown = createTokenizer(json);
  const config = decoderConfig({
    modelType: "llama",
    vocabSize: id,
    hiddenSize: 8,
    layers: 1,
    heads: 2,
    intermediateSize: 8,
    maxPositions: 16,
  });
  const modules = { pooling: "mean", normalize: true, prompts: {} } as const;
  // Not the padding token (that is [PAD]), so texts may have it.
  assert.throws(
    () => createEncoder(config, grown, { rng: createRng(1, "m"), modules }),
    new RegExp(`the tokenizer has ${id + 1} entries, .*vocab_size ${id}`),
  );
  const folder = await Deno.makeTempDir();
  await grown.save(folder);
  for (const name of ["tokenizer_config", "special_tokens_map"]) {
    await change(`${folder}/${name}.json`, { pad_token: "<pad>" });
  }
  const padded = await loadTokenizer(folder);
  await Deno.remove(folder, { recursive: true });
  assert.equal(padded.padId, id);
  const encoder = createEncoder(config, padded, {
    rng: createRng(1, "m"),
    modules,
  });
  assert.equal((await encodeTexts(encoder, ["red", "green"])).count, 2);
  await assert.rejects(
    encodeTexts(encoder, ["a <pad> in a text"]),
    new RegExp(`^RangeError: Cannot encode token id ${id}: it must be in`),
  );
  assert.throws(
    () => embed(encoder, packTexts([[1, id]])),
    new RegExp(`^RangeError: Cannot encode token id ${id}: it must be in`),
  );
  assert.throws(
    () => embed(encoder, packTexts([Array(17).fill(1)])),
    /^RangeError: Cannot encode 17 tokens: the model takes at most 16/,
  );
  disposeEncoder(encoder);
});

if (hasShared(FIXTURES)) {
  onBackends("last-token models end every text, also when saved", async () => {
    const encoder = await loadEncoder(shared(`${FIXTURES}/llama-tiny`), {
      pooling: "lastToken",
      maxLength: 12,
    });
    const texts = [
      "",
      "red",
      "a long text about the red and green birds there",
    ];
    const { ids, offsets } = tokenize(encoder, texts);
    for (let i = 0; i < texts.length; i++) {
      assert.equal(ids[offsets[i]!], 860); // BOS
      assert.equal(ids[offsets[i + 1]! - 1], 861); // EOS
    }
    assert.equal(offsets[3]! - offsets[2]!, 12);
    const { data } = await encodeTexts(encoder, texts);
    await savedFolder(async (folder, json) => {
      const again = await loadEncoder(folder);
      assert.equal(again.modules.pooling, "lastToken");
      assert.ok(
        maxDifference((await encodeTexts(again, texts)).data, data) === 0,
      );
      const config = await json("config.json") as Record<string, unknown>;
      assert.deepEqual(config.architectures, ["LlamaModel"]);
      disposeEncoder(again);
    }, encoder);
  });

  Deno.test("appendEnd decides, and needs an end token", async () => {
    await useBackend("wasm");
    const folder = shared(`${FIXTURES}/qwen2-tiny`);
    const length = async (options: Parameters<typeof loadEncoder>[1]) => {
      const encoder = await loadEncoder(folder, options);
      const { ids } = tokenize(encoder, ["red"]);
      disposeEncoder(encoder);
      return ids.length;
    };
    const plain = await length({});
    assert.equal(await length({ pooling: "lastToken" }), plain + 1);
    assert.equal(await length({ appendEnd: true }), plain + 1);
    assert.equal(
      await length({ pooling: "lastToken", appendEnd: false }),
      plain,
    );
    const copy = await Deno.makeTempDir();
    for await (const { name } of Deno.readDir(folder)) {
      await Deno.copyFile(`${folder}/${name}`, `${copy}/${name}`);
    }
    await Deno.remove(`${copy}/special_tokens_map.json`);
    await Deno.writeTextFile(
      `${copy}/tokenizer_config.json`,
      JSON.stringify({ pad_token: "<|endoftext|>" }),
    );
    await assert.rejects(
      loadEncoder(copy, { pooling: "lastToken" }),
      /^RangeError: Cannot load .*must have an end token .*eos_token/,
    );
    await Deno.remove(copy, { recursive: true });
  });
}

import assert from "node:assert/strict";
import {
  bertConfig,
  type ModelConfig,
  parseConfig,
  readConfig,
  writeConfig,
} from "../../lib/model/config.ts";
import { shared, withShared } from "../_shared.ts";

async function inFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("parseConfig() fills in what transformers would", () => {
  assert.deepEqual(parseConfig({ model_type: "bert" }), {
    modelType: "bert",
    vocabSize: 30522,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    maxPositions: 512,
    typeVocabSize: 2,
    layerNormEps: 1e-12,
    hiddenAct: "gelu",
    padTokenId: 0,
    initializerRange: 0.02,
  });
});

/** Every field of ours with its name there and a value unlike the default. */
const FIELDS: [keyof ModelConfig, string, unknown][] = [
  ["vocabSize", "vocab_size", 100],
  ["hiddenSize", "hidden_size", 24],
  ["layers", "num_hidden_layers", 3],
  ["heads", "num_attention_heads", 4],
  ["intermediateSize", "intermediate_size", 7],
  ["maxPositions", "max_position_embeddings", 40],
  ["typeVocabSize", "type_vocab_size", 1],
  ["layerNormEps", "layer_norm_eps", 1e-5],
  ["hiddenAct", "hidden_act", "gelu_new"],
  ["padTokenId", "pad_token_id", 9],
  ["initializerRange", "initializer_range", 0.1],
];

Deno.test("each field is read from its name and written to it", async () => {
  for (const [ours, theirs, value] of FIELDS) {
    const config = parseConfig({ model_type: "bert", [theirs]: value });
    assert.deepEqual(config, { ...bertConfig(), [ours]: value });
    await inFolder(async (folder) => {
      await writeConfig(folder, config);
      const text = await Deno.readTextFile(`${folder}/config.json`);
      assert.deepEqual(JSON.parse(text)[theirs], value);
      assert.deepEqual(await readConfig(folder), config);
    });
  }
  assert.equal(Object.keys(bertConfig()).length, FIELDS.length + 1);
});

Deno.test("fields that change nothing, and both layouts, are taken", () => {
  const one = parseConfig({
    model_type: "bert",
    torch_dtype: "float32",
    hidden_dropout_prob: 0.1,
    classifier_dropout: null,
    id2label: { 0: "x" },
    position_embedding_type: "absolute",
  });
  assert.deepEqual(one, parseConfig({ model_type: "bert", dtype: "bfloat16" }));
  assert.equal(
    parseConfig({ model_type: "bert", pad_token_id: null }).padTokenId,
    null,
  );
});

Deno.test("writeConfig() names the type for old and new readers", async () => {
  await inFolder(async (folder) => {
    await writeConfig(`${folder}/new`, bertConfig(), { dtype: "bfloat16" });
    const json = JSON.parse(
      await Deno.readTextFile(`${folder}/new/config.json`),
    );
    assert.deepEqual(json.architectures, ["BertModel"]);
    assert.equal(json.dtype, "bfloat16");
    assert.equal(json.torch_dtype, "bfloat16");
  });
});

Deno.test("what can't be run is refused in one line", () => {
  for (
    const [json, error] of [
      [null, /model_type must be one of bert: got nothing/],
      [{}, /model_type/],
      [{ model_type: "t5" }, /model_type must be one of bert: got "t5"/],
      [{ model_type: "toString" }, /model_type/],
      [{ model_type: "bert", vocab_size: -1 }, /vocab_size: .*, got -1/],
      [
        { model_type: "bert", num_hidden_layers: "6" },
        /num_hidden_layers: .*, got "6"/,
      ],
      [
        { model_type: "bert", hidden_size: 10, num_attention_heads: 4 },
        /hidden_size: must be a multiple of num_attention_heads, got 10/,
      ],
      [{ model_type: "bert", hidden_act: "silu" }, /hidden_act: .*"silu"/],
      [
        { model_type: "bert", position_embedding_type: "relative_key" },
        /position_embedding_type/,
      ],
      [{ model_type: "bert", is_decoder: true }, /is_decoder/],
      [
        { model_type: "bert", vocab_size: 5, pad_token_id: 5 },
        /pad_token_id: must be less than vocab_size/,
      ],
    ] as [unknown, RegExp][]
  ) {
    assert.throws(
      () => parseConfig(json, { path: "m/config.json" }),
      (thrown: Error) => {
        assert.ok(thrown instanceof SyntaxError);
        assert.match(thrown.message, /^Cannot read m\/config.json: [^\n]*$/);
        assert.match(thrown.message, error);
        return true;
      },
    );
  }
  assert.throws(
    () => bertConfig({ hiddenSize: 10, heads: 3 }),
    /^RangeError: Cannot make a BERT configuration: hidden_size: /,
  );
});

Deno.test("readConfig() says what is wrong with the file", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(
      () => readConfig(folder),
      (error: Error) =>
        error instanceof Deno.errors.NotFound &&
        /^Cannot read .*config.json: there is no such file/.test(error.message),
    );
    await Deno.writeTextFile(`${folder}/config.json`, "{");
    await assert.rejects(() => readConfig(folder), /^SyntaxError: .*not JSON/);
  });
});

withShared("the fixture bert-tiny is read", async () => {
  const config = await readConfig(
    shared("fixtures/models/checkpoints/bert-tiny"),
  );
  assert.deepEqual(
    config,
    bertConfig({
      vocabSize: 860,
      hiddenSize: 48,
      layers: 2,
      heads: 4,
      intermediateSize: 96,
      maxPositions: 320,
    }),
  );
});

withShared("families to come are named as such", async () => {
  await assert.rejects(
    () => readConfig(shared("fixtures/models/checkpoints/gemma3-tiny")),
    /^SyntaxError: .*model_type must be one of bert: got "gemma3/,
  );
});

import assert from "node:assert/strict";
import {
  bertConfig,
  decoderConfig,
  parseConfig,
  readConfig,
  writeConfig,
} from "../../../lib/model/config/config.ts";
import { familyOf } from "../../../lib/model/config/families.ts";
import { checkpointNames, CHECKPOINTS } from "../../parity/_checkpoint.ts";
import { readShared, shared, withShared } from "../../_shared.ts";
import type {
  BertConfig,
  ModelConfig,
} from "../../../lib/model/config/model_config.ts";
import { inTempFolder } from "../../_temp_folder.ts";

/** A configuration without the file that it came from. */
function bare(config: ModelConfig): Partial<ModelConfig> {
  const { original: _, ...rest } = config;
  return rest;
}

Deno.test("parseConfig() fills in what transformers would", () => {
  assert.deepEqual(bare(parseConfig({ model_type: "bert" })), {
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
const FIELDS: [keyof BertConfig, string, unknown][] = [
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
    assert.deepEqual(bare(config), { ...bertConfig(), [ours]: value });
    await inTempFolder(async (folder) => {
      await writeConfig(folder, config);
      const text = await Deno.readTextFile(`${folder}/config.json`);
      assert.deepEqual(JSON.parse(text)[theirs], value);
      assert.deepEqual(bare(await readConfig(folder)), bare(config));
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
  const other = parseConfig({ model_type: "bert", dtype: "bfloat16" });
  assert.deepEqual(bare(one), bare(other));
  const unpadded = parseConfig({ model_type: "bert", pad_token_id: null });
  assert.equal((unpadded as BertConfig).padTokenId, null);
});

Deno.test("writeConfig() names the type for old and new readers", async () => {
  await inTempFolder(async (folder) => {
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
      [null, /model_type must be one of bert, .*qwen2.*: got nothing/],
      [{}, /model_type/],
      [{ model_type: "t6" }, /model_type must be one of bert, .*: got "t6"$/],
      [
        { model_type: "deberta" },
        /got "deberta"; its layers .*: the nearest that works is deberta-v2$/,
      ],
      [{ model_type: "deberta-v2" }, /relative_attention: must be true/],
      [
        {
          model_type: "deberta-v2",
          relative_attention: true,
          conv_kernel_size: 3,
        },
        /conv_kernel_size: must be 0: .*, got 3$/,
      ],
      [
        {
          model_type: "deberta-v2",
          relative_attention: true,
          pos_att_type: "p2p",
        },
        /pos_att_type: must name c2p and p2c alone/,
      ],
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
        { model_type: "bert", position_embedding_type: "alibi" },
        /feed_forward_type: must be geglu/,
      ],
      [
        {
          model_type: "bert",
          position_embedding_type: "alibi",
          feed_forward_type: "geglu",
          auto_map: { AutoModel: "jinaai/jina-bert-v2-qk-post-norm--x.Y" },
        },
        /auto_map: must not be jina-bert-v2-qk-post-norm/,
      ],
      [
        { model_type: "bert", position_embedding_type: "relative_key" },
        /position_embedding_type/,
      ],
      [{ model_type: "bert", is_decoder: true }, /is_decoder/],
      [
        { model_type: "roberta", pad_token_id: null },
        /pad_token_id|padTokenId/,
      ],
      [
        { model_type: "qwen2", num_attention_heads: 6, num_key_value_heads: 4 },
        /num_key_value_heads: must divide num_attention_heads \(6\), got 4/,
      ],
      [
        {
          model_type: "qwen2",
          auto_map: { AutoModel: "modeling_qwen.Qwen2Model" },
        },
        /auto_map: must not name an AutoModel: .*say is_causal: true or false/,
      ],
      [
        { model_type: "llama", rope_scaling: { rope_type: "mrope" } },
        /rope_scaling\S*: rope_type must be default, linear, llama3, yarn, dynamic or longrope/,
      ],
      [{ model_type: "llama", head_dim: 7 }, /head_dim: must be even/],
      [
        { model_type: "gemma2", layer_types: ["full_attention"] },
        /layer_types: must name the kind of each of the 26 layers/,
      ],
      [{ model_type: "mistral", hidden_act: "selu" }, /hidden_act/],
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
  await inTempFolder(async (folder) => {
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
    bare(config),
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

for (const name of checkpointNames()) {
  Deno.test(`the configuration of ${name} loses nothing on its way`, async () => {
    const path = `${CHECKPOINTS}/${name}`;
    const json = readShared(`${path}/config.json`);
    const config = await readConfig(shared(path));
    await inTempFolder(async (folder) => {
      await writeConfig(folder, config);
      assert.deepEqual(bare(await readConfig(folder)), bare(config));
      const written = JSON.parse(
        await Deno.readTextFile(`${folder}/config.json`),
      );
      const changed = Object.keys(json).filter((key) =>
        JSON.stringify(written[key]) !== JSON.stringify(json[key])
      );
      // Both layouts are written; heads are not saved; nothing said is `null`.
      const may = [
        "architectures",
        "dtype",
        "torch_dtype",
        "rope_parameters",
        "rope_scaling",
        "max_window_layers",
      ];
      assert.deepEqual(changed.filter((key) => !may.includes(key)), []);
    });
    // From the values alone, as for a new model.
    const fields = familyOf(config).fields(bare(config) as ModelConfig);
    assert.deepEqual(bare(parseConfig(fields)), bare(config));
  });
}

Deno.test("windows are read from what each family says", () => {
  const windows = (json: Record<string, unknown>) => {
    const config = parseConfig({ num_hidden_layers: 3, ...json });
    return "windows" in config ? config.windows : undefined;
  };
  const qwen = { model_type: "qwen2", sliding_window: 5, max_window_layers: 1 };
  assert.deepEqual(windows(qwen), [null, null, null]);
  assert.deepEqual(windows({ ...qwen, use_sliding_window: true }), [
    null,
    5,
    5,
  ]);
  assert.deepEqual(
    windows({
      ...qwen,
      use_sliding_window: true,
      layer_types: ["sliding_attention", "full_attention", "full_attention"],
    }),
    [5, null, null],
  );
  const mistral = { model_type: "mistral" };
  assert.deepEqual(windows(mistral), [4096, 4096, 4096]);
  assert.deepEqual(windows({ ...mistral, sliding_window: null }), [
    null,
    null,
    null,
  ]);
  const gemma2 = { model_type: "gemma2", sliding_window: 7 };
  assert.deepEqual(windows(gemma2), [7, null, 7]);
  const gemma3 = { model_type: "gemma3_text", sliding_window: 7 };
  assert.deepEqual(windows({ ...gemma3, sliding_window_pattern: 3 }), [
    7,
    7,
    null,
  ]);
});

Deno.test("decoderConfig() derives what follows from the rest", () => {
  const config = decoderConfig({
    modelType: "qwen3",
    hiddenSize: 48,
    heads: 6,
    keyHeads: 2,
    layers: 2,
  });
  assert.equal(config.headSize, 8);
  assert.equal(config.attentionScale, 8 ** -0.5);
  assert.deepEqual(config.windows, [null, null]);
  assert.throws(
    () => decoderConfig({ modelType: "llama", hiddenSize: 48, heads: 5 }),
    /^RangeError: Cannot make a llama configuration: .*head_dim/,
  );
});

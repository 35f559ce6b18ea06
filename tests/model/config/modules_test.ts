import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { ModulesConfig } from "../../../lib/model/config/modules.ts";
import { ROOT } from "../../_paths.ts";
import { readModules } from "../../../lib/model/config/read_modules.ts";
import { writeModules } from "../../../lib/model/config/write_modules.ts";

const MINILM = `${ROOT}.cache/models/all-MiniLM-L6-v2`;

/** Runs a body in a folder with these files (objects become JSON). */
async function withFiles(
  files: Record<string, unknown>,
  body: (folder: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(
        `${folder}/${name}`,
        typeof content === "string" ? content : JSON.stringify(content),
      );
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A `modules.json` with modules of these classes. */
function modules(...types: string[]) {
  return types.map((type, idx) => ({
    idx,
    name: `${idx}`,
    path: idx === 0 ? "" : `${idx}_${type.split(".").at(-1)}`,
    type,
  }));
}

const OLD = "sentence_transformers.models";

Deno.test("the layout of all-MiniLM-L6-v2 is read", async () => {
  await withFiles({
    "modules.json": modules(
      `${OLD}.Transformer`,
      `${OLD}.Pooling`,
      `${OLD}.Normalize`,
    ),
    "1_Pooling/config.json": {
      word_embedding_dimension: 384,
      pooling_mode_cls_token: false,
      pooling_mode_mean_tokens: true,
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
    },
    "sentence_bert_config.json": { max_seq_length: 256, do_lower_case: false },
    "config_sentence_transformers.json": {
      __version__: { sentence_transformers: "2.0.0" },
    },
    "tokenizer_config.json": { model_max_length: 512 },
  }, async (folder) => {
    assert.deepEqual(await readModules(folder), {
      pooling: "mean",
      normalize: true,
      maxLength: 256,
      prompts: {},
    });
  });
});

Deno.test("the layout of version 6 is read", async () => {
  await withFiles({
    "modules.json": modules(
      "sentence_transformers.base.modules.transformer.Transformer",
      "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    ),
    "1_Pooling/config.json": {
      embedding_dimension: 8,
      pooling_mode: "lasttoken",
      include_prompt: true,
    },
    "sentence_bert_config.json": { transformer_task: "feature-extraction" },
    "config_sentence_transformers.json": {
      prompts: { query: "query: ", document: "", other: null },
      default_prompt_name: "query",
    },
    "tokenizer_config.json": { model_max_length: 77 },
  }, async (folder) => {
    assert.deepEqual(await readModules(folder), {
      pooling: "lastToken",
      normalize: false,
      maxLength: 77,
      prompts: { query: "query: ", document: "" },
      defaultPromptName: "query",
    });
  });
});

Deno.test("a folder without any of the files gets the defaults", async () => {
  const defaults = {
    pooling: "mean",
    normalize: true,
    prompts: {},
  };
  await withFiles({}, async (folder) => {
    assert.deepEqual(await readModules(folder), defaults);
  });
  // transformers' "no limit".
  await withFiles({
    "tokenizer_config.json":
      `{"model_max_length":1000000000000000019884624838656}`,
  }, async (folder) => {
    assert.deepEqual(await readModules(folder), defaults);
  });
});

Deno.test("what is written is read again, whatever it says", async () => {
  for (const pooling of ["mean", "cls", "lastToken"] as const) {
    for (const normalize of [true, false]) {
      for (
        const rest of [
          { maxLength: 99, prompts: {} },
          {
            prompts: { q: "find: " },
            defaultPromptName: "q",
          },
        ] as Pick<
          ModulesConfig,
          "maxLength" | "prompts" | "defaultPromptName"
        >[]
      ) {
        const config: ModulesConfig = { pooling, normalize, ...rest };
        await withFiles({}, async (folder) => {
          await writeModules(`${folder}/model`, config, { dimension: 48 });
          assert.deepEqual(await readModules(`${folder}/model`), config);
        });
      }
    }
  }
});

Deno.test("writeModules() writes the names and places that version 2 knows", async () => {
  const json = async (path: string) =>
    JSON.parse(await Deno.readTextFile(path));
  await withFiles({}, async (folder) => {
    await writeModules(
      folder,
      { pooling: "cls", normalize: true, maxLength: 64 },
      { dimension: 48 },
    );
    assert.deepEqual(
      await json(`${folder}/modules.json`),
      modules(`${OLD}.Transformer`, `${OLD}.Pooling`, `${OLD}.Normalize`),
    );
    assert.deepEqual(await json(`${folder}/1_Pooling/config.json`), {
      word_embedding_dimension: 48,
      pooling_mode_cls_token: true,
      pooling_mode_mean_tokens: false,
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
    });
    assert.deepEqual(await json(`${folder}/sentence_bert_config.json`), {
      max_seq_length: 64,
      do_lower_case: false,
    });
    assert.ok((await Deno.stat(`${folder}/2_Normalize`)).isDirectory);
  });
});

Deno.test("maps and each way of pooling are written and read", async () => {
  const folders = (config: ModulesConfig, names: string[]) => ({
    ...config,
    maps: config.maps!.map((map, i) =>
      map.kind === "dropout" || map.kind === "normalize"
        ? map
        : { ...map, path: names[i]! }
    ),
  });
  for (
    const pooling of [
      "cls",
      "mean",
      "lastToken",
      "weightedMean",
      "max",
      "meanSqrtLength",
      ["cls", "mean"],
      ["mean", "cls"],
      ["lastToken", "max", "mean"],
    ] as ModulesConfig["pooling"][]
  ) {
    const n = [pooling].flat().length;
    const config: ModulesConfig = {
      pooling,
      layerMix: { start: 2, weights: [0.5, 0, 1] },
      maps: [
        {
          kind: "dense",
          in: 8,
          out: 4,
          bias: true,
          activation: "tanh",
          on: "tokens",
        },
        { kind: "normalize", on: "tokens" },
        {
          kind: "dense",
          in: 4 * n,
          out: 6,
          bias: false,
          activation: "identity",
          residual: true,
        },
        { kind: "layerNorm", size: 6 },
        { kind: "normalize" },
        { kind: "dropout", rate: 0.5 },
      ],
      normalize: true,
      dim: 3,
      prompts: {},
    };
    await withFiles({}, async (folder) => {
      const { maps } = await writeModules(folder, config, { dimension: 8 });
      assert.deepEqual(maps, [
        "2_Dense",
        "3_Normalize",
        "5_Dense",
        "6_LayerNorm",
        "7_Normalize",
        "8_Dropout",
      ]);
      assert.deepEqual(await readModules(folder), folders(config, maps));
    });
  }
});

Deno.test("what we don't have is refused in one line", async () => {
  const whole = modules(`${OLD}.Transformer`, `${OLD}.Pooling`);
  for (
    const [files, error] of [
      [{ "modules.json": "[" }, /modules.json: it is not JSON/],
      [
        {
          "modules.json": `[{"path": "${"x".repeat(300)}", "type": "Pooling"}]`,
        },
        /modules.json: 0: path: must be a folder of the model/,
      ],
      [{ "modules.json": {} }, /modules.json: .*array/],
      [
        { "modules.json": modules(`${OLD}.Transformer`) },
        /modules must have Pooling: got none/,
      ],
      [{
        "modules.json": modules(`${OLD}.Transformer`, `${OLD}.Dense`),
        "1_Dense/config.json": { in_features: 4, out_features: 2 },
      }, /must be token_embeddings before Pooling: got "sentence_embedding"/],
      [{
        "modules.json": [...whole, ...modules("", "", `${OLD}.Dense`).slice(2)],
        "1_Pooling/config.json": { pooling_mode: "mean" },
        "2_Dense/config.json": {
          in_features: 4,
          out_features: 2,
          module_output_name: "other",
        },
      }, /must be sentence_embedding after Pooling: .* and "other"/],
      [{
        "modules.json": modules(`${OLD}.Transformer`, `${OLD}.LayerNorm`),
        "1_LayerNorm/config.json": { dimension: 4 },
      }, /must come after Pooling/],
      [{
        "modules.json": modules(
          `${OLD}.Transformer`,
          `${OLD}.Pooling`,
          `${OLD}.Pooling`,
        ),
        "1_Pooling/config.json": { pooling_mode: "mean" },
        "2_Pooling/config.json": { pooling_mode: "cls" },
      }, /must have Pooling once/],
      [{
        "modules.json": modules(
          `${OLD}.Transformer`,
          `${OLD}.Pooling`,
          `${OLD}.WeightedLayerPooling`,
        ),
        "1_Pooling/config.json": { pooling_mode: "mean" },
      }, /must have it right after Transformer: got "WeightedLayerPooling"/],
      [
        { "modules.json": modules(`${OLD}.Transformer`, `${OLD}.CNN`) },
        /must be Transformer, WeightedLayerPooling, Pooling, .*: got "CNN"/,
      ],
      [
        { "modules.json": modules(`${OLD}.Router`) },
        /must begin with Transformer: got "Router"; it has one model for queries and another/,
      ],
      [
        { "modules.json": modules(`${OLD}.StaticEmbedding`) },
        /got "StaticEmbedding"; its words have vectors, but no transformer/,
      ],
      [{ "modules.json": [] }, /must begin with Transformer: got nothing/],
      [{
        "modules.json": [...whole, ...modules("", "", `${OLD}.Dense`).slice(2)],
        "1_Pooling/config.json": { pooling_mode: "mean" },
        "2_Dense/config.json": {
          in_features: 4,
          out_features: 2,
          activation_function: "torch.nn.modules.activation.Mish",
        },
      }, /2_Dense.config.json: activation_function/],
      [
        { "modules.json": [{ path: "../x", type: "a.Pooling" }] },
        /must be a folder of the model/,
      ],
      [
        { "modules.json": [{ path: "/etc", type: "a.Pooling" }] },
        /must be a folder of the model/,
      ],
      [{
        "modules.json": whole,
        "1_Pooling/config.json": { pooling_mode: ["mean", "median"] },
      }, /pooling_mode must be among cls, max, .*: got "median"/],
      [{
        "modules.json": whole,
        "1_Pooling/config.json": {
          pooling_mode: "mean",
          include_prompt: false,
        },
      }, /include_prompt: must be true/],
      [
        { "sentence_bert_config.json": { max_seq_length: 0 } },
        /max_seq_length/,
      ],
      [
        { "config_sentence_transformers.json": { prompts: { q: 3 } } },
        /prompts: q/,
      ],
    ] as [Record<string, unknown>, RegExp][]
  ) {
    await withFiles(files, async (folder) => {
      await assert.rejects(() => readModules(folder), (thrown: Error) => {
        assert.ok(thrown instanceof SyntaxError, String(thrown));
        assert.match(thrown.message, /^Cannot read [^\n]*$/);
        assert.match(thrown.message, error);
        return true;
      });
    });
  }
  await withFiles({ "modules.json": whole }, async (folder) => {
    await assert.rejects(
      () => readModules(folder),
      /NotFound.*1_Pooling.config.json/,
    );
  });
});

Deno.test({
  name: "the real all-MiniLM-L6-v2 says mean, normalised, 256",
  ignore: !(await Deno.stat(MINILM).catch(() => null)),
  fn: async () => {
    const { pooling, normalize, maxLength } = await readModules(MINILM);
    assert.deepEqual([pooling, normalize, maxLength], ["mean", true, 256]);
  },
});

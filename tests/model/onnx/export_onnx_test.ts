import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  addLora,
  disposeEncoder,
  embed,
  type Encoder,
  exportOnnx,
  hiddenStates,
  type ModulesConfig,
  packTexts,
  parseConfig,
  type Pooling,
} from "../../../lib/model/mod.ts";
import { encoderGraph } from "../../../lib/model/onnx/encoder_graph.ts";
import { writeModel } from "../../../lib/model/onnx/write_model.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { maxDifference } from "../../_backends.ts";
import { tempFolder } from "../../_temp_folder.ts";
import {
  encoderWith,
  FAMILY_NAMES,
  familyEncoder,
} from "../_family_encoders.ts";
import { ONNX_PYTHON, padded, runOnnx, WITHOUT_ONNX } from "./_onnx_runtime.ts";

const MEAN: ModulesConfig = { pooling: "mean", normalize: true };
const POOLINGS: Pooling[] = [
  "mean",
  "cls",
  "lastToken",
  "weightedMean",
  "max",
  "meanSqrtLength",
];

/** What comes after the layers. */
const MODULES: Record<string, ModulesConfig> = {
  ...Object.fromEntries(
    POOLINGS.map((pooling) => [pooling, { pooling, normalize: false }]),
  ),
  "all poolings": { pooling: POOLINGS, normalize: true },
  "layers": {
    pooling: "mean",
    normalize: true,
    layerMix: { start: 0, weights: [1, 0, 2, 0.5] },
  },
  "maps": {
    pooling: "cls",
    normalize: true,
    dim: 5,
    maps: [
      dense(16, 12, "gelu", { on: "tokens" }),
      { kind: "normalize", on: "tokens" },
      dense(12, 12, "tanh", { residual: true }),
      { kind: "layerNorm", size: 12 },
      { kind: "dropout", rate: 0.5 },
      dense(12, 9, "relu", { bias: false, residual: true }),
      { kind: "normalize" },
      dense(9, 8, "identity"),
    ],
  },
};

type Dense = Extract<
  NonNullable<ModulesConfig["maps"]>[number],
  { in: number }
>;

function dense(
  from: number,
  to: number,
  activation: Dense["activation"],
  more: Partial<Dense> = {},
): Dense {
  return { kind: "dense", in: from, out: to, bias: true, activation, ...more };
}

/** Settings that the families' small models don't have. */
const SETTINGS: Record<string, Record<string, unknown>> = {
  "phi3, long and short texts": {
    model_type: "phi3",
    original_max_position_embeddings: 8,
    rope_scaling: {
      rope_type: "longrope",
      short_factor: [1, 1.5],
      long_factor: [2, 5],
    },
  },
  "qwen2, yarn": {
    model_type: "qwen2",
    rope_scaling: {
      rope_type: "yarn",
      factor: 4,
      original_max_position_embeddings: 16,
    },
  },
  "roberta, relu": { model_type: "roberta", hidden_act: "relu" },
  "modernbert with biases": {
    model_type: "modernbert",
    local_attention: 6,
    norm_bias: true,
    attention_bias: true,
    mlp_bias: true,
  },
  "deberta-v2 with all of its own": {
    model_type: "deberta-v2",
    relative_attention: true,
    max_relative_positions: 7,
    pos_att_type: ["c2p", "p2c"],
    type_vocab_size: 2,
  },
  "deberta-v2 that looks one way": {
    model_type: "deberta-v2",
    relative_attention: true,
    position_buckets: 6,
    max_relative_positions: 12,
    pos_att_type: ["p2c"],
  },
  "gte without types": { model_type: "gte", type_vocab_size: 0 },
};

/** A model to export, and what is special about it. */
interface Case {
  what: string;
  encoder: () => Encoder;
  options?: { maxDataBytes: number };
}

const CASES: Case[] = [
  ...FAMILY_NAMES.map((name) => ({
    what: name,
    encoder: () => familyEncoder(name, MEAN),
  })),
  ...Object.entries(SETTINGS).map(([what, settings]) => ({
    what,
    encoder: () => encoderWith((size) => settingsConfig(settings, size), MEAN),
  })),
  ...Object.entries(MODULES).map(([what, modules]) => ({
    what: `bert, ${what}`,
    encoder: () => familyEncoder("bert", modules),
  })),
  {
    what: "qwen3 at its last token",
    encoder: () =>
      familyEncoder("qwen3", { pooling: "lastToken", normalize: true }),
  },
  { what: "an adapter", encoder: adapted },
  {
    what: "weights in several files",
    encoder: () => familyEncoder("qwen3", MEAN),
    options: { maxDataBytes: 6000 },
  },
];

function settingsConfig(settings: Record<string, unknown>, size: number) {
  return parseConfig({
    vocab_size: size,
    hidden_size: 16,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 24,
    max_position_embeddings: 66,
    pad_token_id: 0,
    ...settings,
  });
}

function adapted(): Encoder {
  const encoder = addLora(familyEncoder("bert", MEAN), {
    rank: 2,
    targets: "all-linear",
    rng: createRng(1, "lora"),
  });
  for (const [name, parameter] of encoder.parameters) {
    if (name.endsWith("lora_B.weight")) {
      parameter.assign(tf.randomNormal(parameter.shape, 0, 0.1, "float32", 5));
    }
  }
  return encoder;
}

/** Texts of random ids, of lengths below and beyond every window. */
function randomTexts({ config }: Encoder): number[][] {
  const rng = createRng(3, "texts");
  return [1, 23, 7, 40, 2].map((length) =>
    Array.from({ length }, () => Math.floor(rng.next() * config.vocabSize))
  );
}

/** Both sides compute in float32: as the tests against PyTorch have it. */
function checkEqual(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
): void {
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  const off = maxDifference(found, expected) / size;
  assert.ok(off < 1e-5, `${what}: off by ${off}`);
}

Deno.test({
  name: "ONNX graphs give our vectors, whatever the padding",
  ignore: WITHOUT_ONNX,
  async fn(t) {
    await useBackend("wasm");
    const work = await tempFolder();
    const encoders = CASES.map(({ encoder }) => encoder());
    const jobs = [];
    for (const [i, encoder] of encoders.entries()) {
      const path = `${work}/${i}.onnx`;
      const kept = tf.memory().numTensors;
      await writeModel(path, encoderGraph(encoder), CASES[i]!.options ?? {});
      assert.equal(tf.memory().numTensors, kept, "tensors leak");
      const texts = randomTexts(encoder);
      jobs.push({
        path,
        batches: [
          padded(texts, "right"),
          padded(texts, "left"),
          padded([texts[1]!], "right"),
        ],
      });
    }
    const outputs = await runOnnx(jobs);
    for (const [i, { what }] of CASES.entries()) {
      await t.step(what, () => {
        const encoder = encoders[i]!;
        const texts = randomTexts(encoder);
        const { hidden, vectors, dimension } = ours(encoder, texts);
        const [right, left, alone] = outputs[i]!.batches;
        checkEqual(right!.vectors.flat(), vectors, "padded at the right");
        checkEqual(left!.vectors.flat(), vectors, "padded at the left");
        const second = vectors.subarray(dimension, 2 * dimension);
        checkEqual(alone!.vectors.flat(), second, "alone");
        const rows = texts.flatMap((text, b) =>
          right!.hidden[b]!.slice(0, text.length).flat()
        );
        checkEqual(rows, hidden, "hidden states");
        disposeEncoder(encoder);
      });
    }
  },
});

/** What we make of texts. */
function ours(
  encoder: Encoder,
  texts: number[][],
): { hidden: Float32Array; vectors: Float32Array; dimension: number } {
  const batch = packTexts(texts);
  return tf.tidy(() => {
    const vectors = embed(encoder, batch);
    return {
      hidden: hiddenStates(encoder, batch).dataSync(),
      vectors: vectors.dataSync(),
      dimension: vectors.shape[1],
    } as unknown as tf.TensorContainer;
  }) as unknown as ReturnType<typeof ours>;
}

Deno.test({
  name: "a quantised model's vectors point where the model's do",
  ignore: WITHOUT_ONNX,
  async fn() {
    await useBackend("wasm");
    const work = await tempFolder();
    const encoder = familyEncoder("bert", MEAN);
    const texts = randomTexts(encoder);
    const options = { quantise: "int8", python: ONNX_PYTHON } as const;
    const plain = await exportOnnx(encoder, `${work}/a`, options);
    const apart = await exportOnnx(encoder, `${work}/b`, {
      ...options,
      externalData: true,
    });
    const batches = [padded(texts, "right")];
    const outputs = await runOnnx(["a", "b"].map((name) => ({
      path: `${work}/${name}/onnx/model_quantized.onnx`,
      batches,
    })));
    const { vectors, dimension: D } = ours(encoder, texts);
    for (const { batches: [found] } of outputs) {
      found!.vectors.forEach((row, i) => {
        const cosine = row.reduce(
          (sum, x, d) => sum + x * vectors[i * D + d]!,
          0,
        );
        // 7 bits: each product is off by up to 1 %, which mostly cancels out.
        assert.ok(cosine > 0.99 && cosine < 1 - 1e-7, `text ${i}: ${cosine}`);
      });
    }
    assert.deepEqual(plain.files.map(({ path }) => path), [
      "onnx/model.onnx",
      "onnx/model_quantized.onnx",
    ]);
    assert.ok(plain.files[0]!.bytes > apart.files[0]!.bytes / 2);
    disposeEncoder(encoder);
  },
});

Deno.test("exportOnnx() writes what other libraries look for", async () => {
  await useBackend("wasm");
  const folder = await tempFolder();
  const encoder = familyEncoder("qwen3", {
    pooling: "lastToken",
    normalize: true,
  });
  const { files, ...told } = await exportOnnx(encoder, folder, {
    externalData: true,
    maxDataBytes: 6000,
  });
  assert.deepEqual(told, {
    inputs: ["input_ids", "attention_mask"],
    outputs: ["last_hidden_state", "sentence_embedding"],
    opset: 21,
    dimension: 16,
    merged: false,
    warnings: [],
  });
  const names: string[] = [];
  let bytes = 0;
  for await (const { name } of Deno.readDir(`${folder}/onnx`)) {
    names.push(name);
    bytes += (await Deno.stat(`${folder}/onnx/${name}`)).size;
  }
  assert.deepEqual(files, [{ path: "onnx/model.onnx", bytes }]);
  const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
  const count = names.length - 1;
  assert.ok(count > 2);
  assert.deepEqual(names.toSorted().slice(0, 3), [
    "model.onnx",
    "model.onnx_data",
    "model.onnx_data_1",
  ]);
  assert.deepEqual(config["transformers.js_config"], {
    use_external_data_format: { "model.onnx": count },
  });
  assert.equal(config.model_type, "qwen3");
  for (
    const file of ["tokenizer.json", "modules.json", "1_Pooling/config.json"]
  ) {
    await Deno.stat(`${folder}/${file}`);
  }
  disposeEncoder(encoder);
});

Deno.test("exportOnnx() says what it can't do, and what others don't", async () => {
  await useBackend("wasm");
  const folder = await tempFolder();
  const encoder = familyEncoder("bert", {
    pooling: "mean",
    normalize: true,
    layerMix: { start: 2, weights: [1, 1] },
  });
  await assert.rejects(
    exportOnnx(encoder, `${folder}/a`, {
      quantise: "int8",
      python: "no-python",
    }),
    /^RangeError: Cannot quantise a model: python must name .*got no-python/,
  );
  // Before anything is written.
  await assert.rejects(Deno.stat(`${folder}/a`), Deno.errors.NotFound);
  const { warnings } = await exportOnnx(encoder, `${folder}/b`);
  assert.match(warnings.join("\n"), /averages no layers/);
  disposeEncoder(encoder);
});

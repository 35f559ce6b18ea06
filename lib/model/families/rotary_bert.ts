import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "../../backend/mod.ts";
import {
  attention,
  embedding,
  rotary,
  type RotaryTable,
} from "../../backend/kernels/mod.ts";
import {
  type LayerInput,
  type Layers,
  openLayers,
  queriesKeysValues,
} from "../encode/layers.ts";
import {
  type SelectedTokens,
  selectTokens,
} from "../encode/token_selection.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { RotaryBertConfig } from "../config/model_config.ts";
import { rotaryBertGraph } from "../onnx/rotary_bert_graph.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { checkTextLengths } from "./positions.ts";
import { ropeTable } from "./rope.ts";
import {
  rotaryBertFields,
  rotaryBertFile,
  type RotaryBertTraits,
} from "./rotary_bert_config.ts";
import { mapParameters } from "./map_parameters.ts";

/** Encoders with BERT's norms, rotary positions and a gated feed-forward part. */
export function rotaryBertFamily(
  traits: RotaryBertTraits,
): Family<RotaryBertConfig> {
  const File = rotaryBertFile(traits);
  return {
    prefixes: traits.prefixes,
    kept: /^pooler\./,
    causal: false,
    parse: (json) => File.safeParse(json),
    sources: traits.sources,
    fields: (config) => rotaryBertFields(config, traits),
    parameters: (config) => rotaryBertParameters(config, traits),
    longest: (config) => config.maxPositions,
    forward(config, parameters, batch, options = {}) {
      checkTextLengths(batch, config.maxPositions);
      const layers = openLayers(parameters, options);
      const table = ropeTable(batch, config.rope, config.headSize);
      let x = tf.tidy(() => embedded(layers, config, batch));
      options.onLayer?.(0, x);
      const selected = options.only && selectTokens(batch, options.only);
      for (let i = 0; i < config.layers; i++) {
        const queryTokens = i + 1 === config.layers ? selected : undefined;
        x = layers.layer(x, (x) =>
          rotaryBertLayer({ layers, x }, {
            config,
            batch,
            table,
            queryTokens,
            at: `layers.${i}`,
          }));
        options.onLayer?.(i + 1, x);
      }
      return x;
    },
    graph: (config, graph) => rotaryBertGraph(graph, config),
  };
}

function rotaryBertParameters(
  config: RotaryBertConfig,
  traits: RotaryBertTraits,
): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F, headSize, heads } = config;
  const H = heads * headSize;
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [D], init: "ones" },
    { name: `${name}.bias`, shape: [D], init: "zeros" },
  ];
  const each = Array.from({ length: config.layers }, (_, i) => {
    const at = `layers.${i}`;
    const { attentionBias, downBias } = traits;
    return [
      ...["q", "k", "v"].flatMap((which) =>
        mapParameters(`${at}.self_attn.${which}_proj`, [H, D], attentionBias)
      ),
      ...mapParameters(`${at}.self_attn.o_proj`, [D, H], attentionBias),
      ...norm(`${at}.post_attention_layernorm`),
      ...mapParameters(`${at}.mlp.gate_proj`, [F, D], false),
      ...mapParameters(`${at}.mlp.up_proj`, [F, D], false),
      ...mapParameters(`${at}.mlp.down_proj`, [D, F], downBias),
      ...norm(`${at}.post_mlp_layernorm`),
    ];
  });
  const tables = { word: config.vocabSize, token_type: config.typeVocabSize };
  return [
    ...Object.entries(tables).filter(([, rows]) => rows > 0).map((
      [name, rows],
    ): ParameterSpec => ({
      name: `embeddings.${name}_embeddings.weight`,
      shape: [rows, D],
      init: "normal",
    })),
    ...norm("embeddings.LayerNorm"),
    ...each.flat(),
  ];
}

/** Embeddings of words and types, normalised, `[T, D]`. */
function embedded(
  layers: Layers,
  { typeVocabSize, layerNormEps: eps }: RotaryBertConfig,
  { ids }: TokenBatch,
): Tensor2D {
  const { tape } = layers;
  const rows = (table: string, ids: Int32Array): Tensor2D =>
    embedding(layers.get(`embeddings.${table}_embeddings.weight`), ids, {
      tape,
    });
  const residual = typeVocabSize > 0
    ? rows("token_type", new Int32Array(ids.length))
    : undefined;
  const normal = layers.norm(rows("word", ids), "embeddings.LayerNorm", {
    eps,
    residual,
  });
  return layers.dropout(normal, "embeddings");
}

/** One layer: attention, then the gated part, a norm after each. */
function rotaryBertLayer(
  all: LayerInput,
  { config, batch, table, queryTokens, at }: {
    config: RotaryBertConfig;
    batch: TokenBatch;
    table(rows?: Int32Array): RotaryTable;
    queryTokens: SelectedTokens | undefined;
    at: string;
  },
): Tensor2D {
  const { heads, layerNormEps: eps } = config;
  const asking = queryTokens ? all.layers.at(queryTokens, all.x) : all;
  const { layers, x } = asking;
  const { tape } = layers;
  const [q, k, v] = queriesKeysValues(asking, all, [
    `${at}.self_attn.q_proj`,
    `${at}.self_attn.k_proj`,
    `${at}.self_attn.v_proj`,
  ]);
  const mixed = attention(
    rotary(q, { ...table(queryTokens?.rows), heads, tape }),
    rotary(k, { ...table(), heads, tape }),
    v,
    {
      sequences: batch,
      queries: queryTokens?.sequences,
      heads,
      scale: config.headSize ** -0.5,
      tape,
    },
  );
  const change = layers.dense(mixed, `${at}.self_attn.o_proj`);
  const attended = layers.norm(
    layers.dropout(change, `${at}.attention`),
    `${at}.post_attention_layernorm`,
    { eps, residual: x },
  );
  const fed = layers.gatedFeedForward(attended, {
    gate: `${at}.mlp.gate_proj`,
    up: `${at}.mlp.up_proj`,
    down: `${at}.mlp.down_proj`,
  }, config.hiddenAct);
  return layers.norm(
    layers.dropout(fed, `${at}.mlp`),
    `${at}.post_mlp_layernorm`,
    { eps, residual: attended },
  );
}

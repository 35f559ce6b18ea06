import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
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
import type { Family, ParameterSpec, StoredPart } from "../config/family.ts";
import type { RotaryBertConfig } from "../config/model_config.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { GATE_ACTIVATIONS, gateActivationName } from "./decoder_config.ts";
import { checkTextLengths } from "./positions.ts";
import { ropeTable } from "./rope.ts";
import {
  readRope,
  ropeFields,
  type RopeFile,
  ropeFileFields,
} from "./rope_config.ts";
import { layers, rows, width } from "./size_fields.ts";

/** What one of these families does its own way. */
interface RotaryBertTraits {
  modelType: RotaryBertConfig["modelType"];
  model: string;
  prefixes: string[];
  /** What transformers takes where a file says nothing. */
  defaults: {
    vocabSize: number;
    maxPositions: number;
    typeVocabSize: number;
    hiddenAct: "silu" | "gelu";
    theta: number;
    padTokenId: number;
  };
  /** Whether the attention's maps have a bias. */
  attentionBias: boolean;
  /** Whether the feed-forward part's last map has one. */
  downBias: boolean;
  /** Names in the files that the family was published with. */
  sources(name: string): readonly StoredPart[];
}

function fileOf({ modelType, defaults: d }: RotaryBertTraits) {
  return z.looseObject({
    vocab_size: rows.default(d.vocabSize),
    hidden_size: width.default(768),
    num_hidden_layers: layers.default(12),
    num_attention_heads: width.default(12),
    head_dim: width.nullish(),
    intermediate_size: width.default(3072),
    max_position_embeddings: rows.default(d.maxPositions),
    type_vocab_size: z.int().nonnegative().default(d.typeVocabSize),
    layer_norm_eps: z.number().positive().default(1e-12),
    hidden_act: GATE_ACTIVATIONS.default(d.hiddenAct),
    pad_token_id: z.int().nonnegative().nullable().default(d.padTokenId),
    initializer_range: z.number().nonnegative().default(0.02),
    num_experts: z.union(
      [z.literal(0), z.null()],
      "mixtures of experts aren't supported",
    )
      .optional(),
    ...ropeFields,
  }).superRefine((f, issues) => {
    const refuse = (path: string, message: string) =>
      issues.addIssue({ code: "custom", path: [path], message });
    const scaling = f.rope_scaling ?? f.rope_parameters;
    if (scaling && !("rope_type" in scaling)) {
      refuse("rope_parameters", "must be one for all layers");
    } else if (scaling?.rope_type === "longrope") {
      refuse("rope_scaling", "must not be longrope in this family");
    }
    if (!f.head_dim && f.hidden_size % f.num_attention_heads !== 0) {
      refuse("hidden_size", "must be a multiple of num_attention_heads");
    }
  }).transform((f): RotaryBertConfig => ({
    modelType,
    vocabSize: f.vocab_size,
    hiddenSize: f.hidden_size,
    layers: f.num_hidden_layers,
    heads: f.num_attention_heads,
    headSize: (modelType === "nomic_bert" ? f.head_dim : undefined) ??
      f.hidden_size / f.num_attention_heads,
    intermediateSize: f.intermediate_size,
    maxPositions: f.max_position_embeddings,
    typeVocabSize: f.type_vocab_size,
    layerNormEps: f.layer_norm_eps,
    hiddenAct: gateActivationName(f.hidden_act),
    rope: readRope(f as RopeFile, d.theta).rope,
    padTokenId: f.pad_token_id,
    initializerRange: f.initializer_range,
  }));
}

/** Encoders with BERT's norms, rotary positions and a gated feed-forward part. */
function rotaryBertFamily(traits: RotaryBertTraits): Family<RotaryBertConfig> {
  const File = fileOf(traits);
  return {
    prefixes: traits.prefixes,
    kept: /^pooler\./,
    causal: false,
    parse: (json) => File.safeParse(json),
    sources: traits.sources,
    fields: (config) => ({
      architectures: [traits.model],
      model_type: config.modelType,
      vocab_size: config.vocabSize,
      hidden_size: config.hiddenSize,
      num_hidden_layers: config.layers,
      num_attention_heads: config.heads,
      ...config.modelType === "nomic_bert" && { head_dim: config.headSize },
      intermediate_size: config.intermediateSize,
      max_position_embeddings: config.maxPositions,
      type_vocab_size: config.typeVocabSize,
      layer_norm_eps: config.layerNormEps,
      hidden_act: gateActivationName(
        config.original?.hidden_act,
        config.hiddenAct,
      ),
      pad_token_id: config.padTokenId,
      initializer_range: config.initializerRange,
      ...ropeFileFields(config.rope),
      ...config.original
        ? {}
        : { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
    }),
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
  };
}

function rotaryBertParameters(
  config: RotaryBertConfig,
  traits: RotaryBertTraits,
): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F, headSize, heads } = config;
  const H = heads * headSize;
  const map = (
    name: string,
    shape: [number, number],
    bias: boolean,
  ): ParameterSpec[] => [
    { name: `${name}.weight`, shape, init: "normal" },
    ...bias
      ? [{ name: `${name}.bias`, shape: [shape[0]], init: "zeros" as const }]
      : [],
  ];
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [D], init: "ones" },
    { name: `${name}.bias`, shape: [D], init: "zeros" },
  ];
  const each = Array.from({ length: config.layers }, (_, i) => {
    const at = `layers.${i}`;
    const { attentionBias, downBias } = traits;
    return [
      ...["q", "k", "v"].flatMap((which) =>
        map(`${at}.self_attn.${which}_proj`, [H, D], attentionBias)
      ),
      ...map(`${at}.self_attn.o_proj`, [D, H], attentionBias),
      ...norm(`${at}.post_attention_layernorm`),
      ...map(`${at}.mlp.gate_proj`, [F, D], false),
      ...map(`${at}.mlp.up_proj`, [F, D], false),
      ...map(`${at}.mlp.down_proj`, [D, F], downBias),
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

/** The stored name that a renaming gives, piece by piece. */
function renamed(
  name: string,
  pieces: readonly (readonly [ours: RegExp, theirs: string])[],
): string {
  return pieces.reduce(
    (name, [ours, theirs]) => name.replace(ours, theirs),
    name,
  );
}

/** Which part of a fused map a name's is, and the name of the whole. */
function fused(
  name: string,
  maps: readonly string[],
  whole: string,
): StoredPart | undefined {
  const index = maps.findIndex((map) => name.includes(`.${map}.`));
  if (index < 0) return undefined;
  return {
    name: name.replace(`.${maps[index]}.`, `.${whole}.`),
    part: [index, maps.length],
  };
}

const QKV = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];

/**
 * NomicBERT (arXiv 2402.01613); files as published have queries, keys and values
 * as one map, under the names of FlashAttention.
 */
export const nomicBert: Family<RotaryBertConfig> = rotaryBertFamily({
  modelType: "nomic_bert",
  model: "NomicBertModel",
  prefixes: ["nomic_bert.", "bert."],
  defaults: {
    vocabSize: 30528,
    maxPositions: 2048,
    typeVocabSize: 2,
    hiddenAct: "silu",
    theta: 1000,
    padTokenId: 0,
  },
  attentionBias: false,
  downBias: false,
  sources(name) {
    const old = renamed(name, [
      [/^layers\./, "encoder.layers."],
      [/^embeddings\.LayerNorm\./, "emb_ln."],
      [/self_attn\.o_proj/, "attn.out_proj"],
      [/up_proj/, "fc11"],
      [/gate_proj/, "fc12"],
      [/down_proj/, "fc2"],
      [/post_attention_layernorm/, "norm1"],
      [/post_mlp_layernorm/, "norm2"],
    ]);
    const part = fused(old, QKV, "attn.Wqkv");
    return part ? [part, { name: old }] : [{ name: old }];
  },
});

/**
 * GTE's encoder (arXiv 2407.19669); files as published have queries, keys and
 * values as one map, and up and gate as another.
 */
export const gte: Family<RotaryBertConfig> = rotaryBertFamily({
  modelType: "gte",
  model: "GteModel",
  prefixes: ["gte.", "new."],
  defaults: {
    vocabSize: 250048,
    maxPositions: 8192,
    typeVocabSize: 1,
    hiddenAct: "gelu",
    theta: 160000,
    padTokenId: 1,
  },
  attentionBias: true,
  downBias: true,
  sources(name) {
    const old = renamed(name, [
      [/^layers\./, "encoder.layer."],
      [/self_attn\.o_proj/, "attention.o_proj"],
      [/post_attention_layernorm/, "attn_ln"],
      [/post_mlp_layernorm/, "mlp_ln"],
    ]);
    const part = fused(old, QKV, "attention.qkv_proj") ??
      fused(old, ["mlp.up_proj", "mlp.gate_proj"], "mlp.up_gate_proj");
    return part ? [part, { name: old }] : [{ name: old }];
  },
});

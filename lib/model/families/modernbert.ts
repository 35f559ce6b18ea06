import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { Tensor2D } from "../../backend/mod.ts";
import {
  add,
  attention,
  embedding,
  longest,
  rotary,
  type RotaryTable,
} from "../../backend/kernels/mod.ts";
import {
  fusedQueriesKeysValues,
  type Layers,
  openLayers,
} from "../encode/layers.ts";
import {
  gatherTokens,
  type SelectedTokens,
  selectTokens,
} from "../encode/token_selection.ts";
import type { Family, ParameterSpec } from "../config/family.ts";
import type { ModernBertConfig } from "../config/model_config.ts";
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
import { windowBias } from "./window_bias.ts";

const THETAS = { all: 160_000, window: 10_000 };

const File = z.looseObject({
  vocab_size: rows.default(50368),
  hidden_size: width.default(768),
  intermediate_size: width.default(1152),
  num_hidden_layers: layers.default(22),
  num_attention_heads: width.default(12),
  hidden_activation: GATE_ACTIVATIONS.default("gelu"),
  max_position_embeddings: rows.default(8192),
  initializer_range: z.number().nonnegative().default(0.02),
  norm_eps: z.number().positive().default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"]))
    .nullish(),
  global_attn_every_n_layers: width.default(3),
  local_attention: width.default(128),
  global_rope_theta: z.number().positive().default(THETAS.all),
  local_rope_theta: z.number().positive().default(THETAS.window),
  ...ropeFields,
  rope_scaling: z.null("must be null: say it in rope_parameters").optional(),
}).superRefine((f, issues) => {
  const refuse = (path: string, message: string) =>
    issues.addIssue({ code: "custom", path: [path], message });
  if (f.hidden_size % (2 * f.num_attention_heads) !== 0) {
    refuse("hidden_size", "must be an even multiple of num_attention_heads");
  }
  if (f.rope_parameters && "rope_type" in f.rope_parameters) {
    refuse("rope_parameters", "must have full_attention and sliding_attention");
  }
  if (f.layer_types && f.layer_types.length < f.num_hidden_layers) {
    refuse("layer_types", "must name the kind of each layer");
  }
}).transform((f): ModernBertConfig => {
  const { rope, localRope } = readRope(
    {
      ...f as RopeFile,
      rope_theta: f.global_rope_theta,
      rope_local_base_freq: f.local_rope_theta,
    },
    THETAS.all,
    THETAS.window,
  );
  return {
    modelType: "modernbert",
    vocabSize: f.vocab_size,
    hiddenSize: f.hidden_size,
    layers: f.num_hidden_layers,
    heads: f.num_attention_heads,
    intermediateSize: f.intermediate_size,
    maxPositions: f.max_position_embeddings,
    layerNormEps: f.norm_eps,
    normBias: f.norm_bias,
    attentionBias: f.attention_bias,
    mlpBias: f.mlp_bias,
    hiddenAct: gateActivationName(f.hidden_activation),
    window: f.local_attention,
    windowed: Array.from(
      { length: f.num_hidden_layers },
      (_, i) =>
        f.layer_types
          ? f.layer_types[i] === "sliding_attention"
          : i % f.global_attn_every_n_layers !== 0,
    ),
    rope,
    localRope: localRope!,
    initializerRange: f.initializer_range,
  };
});

/**
 * ModernBERT (arXiv 2412.13663): norms before the parts, rotary positions, a gated
 * feed-forward part, and windows on two layers of three.
 */
export const modernbert: Family<ModernBertConfig> = {
  prefixes: ["model."],
  kept: null,
  causal: false,
  parse: (json) => File.safeParse(json),
  fields: (config) => {
    const { rope_parameters } = ropeFileFields(config.rope, config.localRope);
    return {
      architectures: ["ModernBertModel"],
      model_type: "modernbert",
      vocab_size: config.vocabSize,
      hidden_size: config.hiddenSize,
      intermediate_size: config.intermediateSize,
      num_hidden_layers: config.layers,
      num_attention_heads: config.heads,
      hidden_activation: gateActivationName(
        config.original?.hidden_activation,
        config.hiddenAct,
      ),
      max_position_embeddings: config.maxPositions,
      initializer_range: config.initializerRange,
      norm_eps: config.layerNormEps,
      norm_bias: config.normBias,
      attention_bias: config.attentionBias,
      mlp_bias: config.mlpBias,
      layer_types: config.windowed.map((w) =>
        w ? "sliding_attention" : "full_attention"
      ),
      local_attention: config.window,
      // transformers 4 reads these two.
      global_rope_theta: config.rope.theta,
      local_rope_theta: config.localRope.theta,
      rope_parameters,
      // transformers' own is an id of the first model's vocabulary.
      ...config.original ? {} : { pad_token_id: null },
    };
  },
  parameters: modernbertParameters,
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    const layers = openLayers(parameters, options);
    const D = config.hiddenSize / config.heads;
    const pass: ModernBertPass = {
      config,
      batch,
      layers,
      table: ropeTable(batch, config.rope, D),
      localTable: ropeTable(batch, config.localRope, D),
      norm: (x, name) => layers.norm(x, name, { eps: config.layerNormEps }),
    };
    const { tape } = layers;
    let x = tf.tidy(() => {
      const words = layers.get<Tensor2D>("embeddings.tok_embeddings.weight");
      const rows = embedding(words, batch.ids, { tape });
      return layers.dropout(pass.norm(rows, "embeddings.norm"), "embeddings");
    });
    options.onLayer?.(0, x);
    const selected = options.only && selectTokens(batch, options.only);
    // A window is a bias, which is for all pairs of tokens.
    const queryTokens = config.windowed.at(-1) ? undefined : selected;
    for (let i = 0; i < config.layers; i++) {
      const last = i + 1 === config.layers;
      x = layers.layer(x, (x) =>
        modernbertLayer(x, pass, {
          index: i,
          queryTokens: last ? queryTokens : undefined,
        }));
      if (!last) options.onLayer?.(i + 1, x);
    }
    x = layers.layer(x, (x) => pass.norm(x, "final_norm"));
    options.onLayer?.(config.layers, x);
    return selected && !(queryTokens && config.layers > 0)
      ? gatherTokens(x, selected, tape)
      : x;
  },
};

function modernbertParameters(config: ModernBertConfig): ParameterSpec[] {
  const { hiddenSize: D, intermediateSize: F } = config;
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [D], init: "ones" },
    ...config.normBias
      ? [{ name: `${name}.bias`, shape: [D], init: "zeros" as const }]
      : [],
  ];
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
  const { attentionBias, mlpBias } = config;
  const each = Array.from({ length: config.layers }, (_, i) => {
    const at = `layers.${i}`;
    return [
      // The embeddings were normalised just before.
      ...i > 0 ? norm(`${at}.attn_norm`) : [],
      ...map(`${at}.attn.Wqkv`, [3 * D, D], attentionBias),
      ...map(`${at}.attn.Wo`, [D, D], attentionBias),
      ...norm(`${at}.mlp_norm`),
      ...map(`${at}.mlp.Wi`, [2 * F, D], mlpBias),
      ...map(`${at}.mlp.Wo`, [D, F], mlpBias),
    ];
  });
  return [
    {
      name: "embeddings.tok_embeddings.weight",
      shape: [config.vocabSize, D],
      init: "normal",
    },
    ...norm("embeddings.norm"),
    ...each.flat(),
    ...norm("final_norm"),
  ];
}

/** What the layers of one pass share. */
interface ModernBertPass {
  config: ModernBertConfig;
  batch: TokenBatch;
  layers: Layers;
  table(rows?: Int32Array): RotaryTable;
  localTable(rows?: Int32Array): RotaryTable;
  norm(x: Tensor2D, name: string): Tensor2D;
}

/** One layer: attention, then the gated part, each added to x. */
function modernbertLayer(
  all: Tensor2D,
  { config, batch, layers, table, localTable, norm }: ModernBertPass,
  { index, queryTokens }: {
    index: number;
    queryTokens: SelectedTokens | undefined;
  },
): Tensor2D {
  const { heads, hiddenSize } = config;
  const { tape } = layers;
  const at = `layers.${index}`;
  const windowed = config.windowed[index]!;
  const tableOf = windowed ? localTable : table;
  const normalAll = index === 0 ? all : norm(all, `${at}.attn_norm`);
  const { layers: own, x } = queryTokens
    ? layers.at(queryTokens, all)
    : { layers, x: all };
  const normal = queryTokens
    ? gatherTokens(normalAll, queryTokens, tape)
    : normalAll;
  const [q, k, v] = fusedQueriesKeysValues(
    { layers: own, x: normal },
    { layers, x: normalAll },
    { name: `${at}.attn.Wqkv`, widths: [hiddenSize, hiddenSize, hiddenSize] },
  );
  const reach = Math.floor(config.window / 2);
  const mixed = attention(
    rotary(q, { ...tableOf(queryTokens?.rows), heads, tape }),
    rotary(k, { ...tableOf(), heads, tape }),
    v,
    {
      sequences: batch,
      queries: queryTokens?.sequences,
      heads,
      scale: (hiddenSize / heads) ** -0.5,
      ...windowed ? windowBias(longest(batch), { reach, heads }) : {},
      tape,
    },
  );
  const change = own.dense(mixed, `${at}.attn.Wo`);
  const attended = add(own.dropout(change, `${at}.attention`), x, { tape });
  const fed = own.fusedFeedForward(
    norm(attended, `${at}.mlp_norm`),
    { both: `${at}.mlp.Wi`, down: `${at}.mlp.Wo` },
    { activation: config.hiddenAct, first: "gate" },
  );
  return add(own.dropout(fed, `${at}.mlp`), attended, { tape });
}

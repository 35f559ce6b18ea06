import { z } from "zod";
import type { ModernBertConfig } from "../config/model_config.ts";
import { GATE_ACTIVATIONS, gateActivationName } from "./decoder_config.ts";
import {
  readRope,
  ropeFields,
  type RopeFile,
  ropeFileFields,
} from "./rope_config.ts";
import { layers, rows, width } from "./size_fields.ts";

const THETAS = { all: 160_000, window: 10_000 };

/** Reads ModernBERT's `config.json`. */
export const ModernBertFile: z.ZodType<ModernBertConfig> = z.looseObject({
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

/** The fields of `config.json` that say what a configuration says. */
export function modernbertFields(
  config: ModernBertConfig,
): Record<string, unknown> {
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
}

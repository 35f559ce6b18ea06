import { z } from "zod";
import type { StoredPart } from "../config/family.ts";
import type { RotaryBertConfig } from "../config/model_config.ts";
import { GATE_ACTIVATIONS, gateActivationName } from "./decoder_config.ts";
import {
  readRope,
  ropeFields,
  type RopeFile,
  ropeFileFields,
} from "./rope_config.ts";
import { layers, rows, width } from "./size_fields.ts";

/** What one of these families does its own way. */
export interface RotaryBertTraits {
  /** Name of the family. */
  modelType: RotaryBertConfig["modelType"];
  /** Name of the class in transformers. */
  model: string;
  /** What names begin with in files saved from a larger class. */
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

/** Reads `config.json` of one of these families. */
export function rotaryBertFile(
  traits: RotaryBertTraits,
): z.ZodType<RotaryBertConfig> {
  const { modelType, defaults: d } = traits;
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

/** The fields of `config.json` that say what a configuration says. */
export function rotaryBertFields(
  config: RotaryBertConfig,
  { model }: RotaryBertTraits,
): Record<string, unknown> {
  return {
    architectures: [model],
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
  };
}

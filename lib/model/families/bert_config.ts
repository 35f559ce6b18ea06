import { z } from "zod";
import { layers, rows, width } from "./size_fields.ts";
import type { BertSizes } from "../config/model_config.ts";

/** Names that transformers has for the activations that we run. */
export const ACTIVATIONS = {
  gelu: "gelu",
  gelu_new: "gelu_new",
  // The same function, written for PyTorch's own kernel.
  gelu_pytorch_tanh: "gelu_new",
  relu: "relu",
} as const;

/** What transformers takes in this family where a file says nothing. */
export interface BertDefaults extends Omit<BertSizes, "original"> {
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Id of the padding token. */
  padTokenId: number;
}

/** The sizes of `bert-base-uncased`. */
export const BERT_BASE: BertDefaults = {
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
};

/** What {@linkcode bertFile} reads. */
export interface BertFile extends BertSizes {
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Id of the padding token. */
  padTokenId: number | null;
}

/**
 * The fields of `config.json` that change what an encoder like BERT computes.
 * Others (dropout, cache, names of labels) are passed over, but kept.
 */
export function bertFile(
  d: BertDefaults,
  hiddenAct = "gelu",
): z.ZodType<BertFile> {
  return z.looseObject({
    vocab_size: rows.default(d.vocabSize),
    hidden_size: width.default(d.hiddenSize),
    num_hidden_layers: layers.default(d.layers),
    num_attention_heads: width.default(d.heads),
    intermediate_size: width.default(d.intermediateSize),
    max_position_embeddings: rows.default(d.maxPositions),
    type_vocab_size: rows.default(d.typeVocabSize),
    layer_norm_eps: z.number().positive().default(d.layerNormEps),
    hidden_act: z.enum(
      Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[],
    ).default(hiddenAct as keyof typeof ACTIVATIONS),
    pad_token_id: z.int().nonnegative().nullable().default(d.padTokenId),
    initializer_range: z.number().nonnegative().default(d.initializerRange),
    // What these would change, we don't run.
    position_embedding_type: z.literal(
      "absolute",
      "must be absolute: the nearest with others that works is nomic_bert or gte (rotary), mpnet or t5 (by distance)",
    ).nullable().default("absolute"),
    is_decoder: z.literal(false).default(false),
    add_cross_attention: z.literal(false).default(false),
  }).refine((f) => f.hidden_size % f.num_attention_heads === 0, {
    path: ["hidden_size"],
    error: "must be a multiple of num_attention_heads",
  }).refine((f) => f.pad_token_id === null || f.pad_token_id < f.vocab_size, {
    path: ["pad_token_id"],
    error: "must be less than vocab_size",
  }).transform((f): BertFile => ({
    vocabSize: f.vocab_size,
    hiddenSize: f.hidden_size,
    layers: f.num_hidden_layers,
    heads: f.num_attention_heads,
    intermediateSize: f.intermediate_size,
    maxPositions: f.max_position_embeddings,
    typeVocabSize: f.type_vocab_size,
    layerNormEps: f.layer_norm_eps,
    hiddenAct: ACTIVATIONS[f.hidden_act],
    padTokenId: f.pad_token_id,
    initializerRange: f.initializer_range,
  }));
}

/** The file's own name for an activation, where two mean the same. */
export function activationName(
  before: unknown,
  activation: BertSizes["hiddenAct"],
): string {
  return ACTIVATIONS[before as keyof typeof ACTIVATIONS] === activation
    ? before as string
    : activation;
}

/** The fields of `config.json` that all of them share. */
export function bertFileFields(
  config: BertSizes & { padTokenId: number | null },
): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    layer_norm_eps: config.layerNormEps,
    hidden_act: activationName(config.original?.hidden_act, config.hiddenAct),
    pad_token_id: config.padTokenId,
    initializer_range: config.initializerRange,
  };
  if (!config.original) {
    // A new model is trained without dropout, and whoever goes on training it
    // with another library should start the same.
    fields.hidden_dropout_prob = 0;
    fields.attention_probs_dropout_prob = 0;
  }
  return fields;
}

import { z } from "zod";
import type { BertConfig } from "./config.ts";

/** What transformers' `BertConfig` takes where a file says nothing. */
export const BERT_DEFAULTS: Readonly<BertConfig> = {
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
};

/** Names that transformers has for the activations that we run. */
const ACTIVATIONS = {
  gelu: "gelu",
  gelu_new: "gelu_new",
  // The same function, written for PyTorch's own kernel.
  gelu_pytorch_tanh: "gelu_new",
  relu: "relu",
} as const;

const d = BERT_DEFAULTS;
const size = z.int().positive();

/**
 * The fields of `config.json` that change what the encoder computes. Others
 * (dropout, cache, names of labels) are passed over.
 */
const File = z.looseObject({
  vocab_size: size.default(d.vocabSize),
  hidden_size: size.default(d.hiddenSize),
  num_hidden_layers: z.int().nonnegative().default(d.layers),
  num_attention_heads: size.default(d.heads),
  intermediate_size: size.default(d.intermediateSize),
  max_position_embeddings: size.default(d.maxPositions),
  type_vocab_size: size.default(d.typeVocabSize),
  layer_norm_eps: z.number().positive().default(d.layerNormEps),
  hidden_act: z.enum(
    Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[],
  ).default("gelu"),
  pad_token_id: z.int().nonnegative().nullable().default(d.padTokenId),
  initializer_range: z.number().nonnegative().default(d.initializerRange),
  // What these would change, we don't run.
  position_embedding_type: z.literal("absolute").nullable().default("absolute"),
  is_decoder: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
}).refine((f) => f.hidden_size % f.num_attention_heads === 0, {
  path: ["hidden_size"],
  error: "must be a multiple of num_attention_heads",
}).refine((f) => f.pad_token_id === null || f.pad_token_id < f.vocab_size, {
  path: ["pad_token_id"],
  error: "must be less than vocab_size",
});

/** A `config.json` of model type `bert`, checked; zod's error if it's wrong. */
export function parseBert(json: unknown): z.ZodSafeParseResult<BertConfig> {
  return File.transform((f): BertConfig => ({
    modelType: "bert",
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
  })).safeParse(json);
}

/** The fields of `config.json` for a configuration. */
export function bertFields(config: BertConfig): Record<string, unknown> {
  return {
    architectures: ["BertModel"],
    model_type: "bert",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    hidden_act: config.hiddenAct,
    pad_token_id: config.padTokenId,
    initializer_range: config.initializerRange,
    position_embedding_type: "absolute",
    // We train without dropout; who goes on elsewhere should start the same.
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  };
}

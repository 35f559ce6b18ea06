import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/** EuroBERT (arXiv 2503.05500): Llama's layers, but tokens see both ways. */
export const eurobert: Family<DecoderConfig> = decoderFamily({
  modelType: "eurobert",
  model: "EuroBertModel",
  defaults: {
    vocabSize: 128256,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
    maxPositions: 8192,
    rmsNormEps: 1e-5,
    theta: 10000,
    hiddenAct: "silu",
  },
  causal: false,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window: () => null,
  fields: (config) => ({
    attention_bias: config.attentionBias === "all",
    mlp_bias: config.mlpBias,
    // transformers' own is an id of the first model's vocabulary.
    ...config.original ? {} : { pad_token_id: null },
  }),
});

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/** Llama 1 to 3 (arXiv 2407.21783), with whatever stretching of its positions. */
export const llama: Family<DecoderConfig> = decoderFamily({
  modelType: "llama",
  model: "LlamaModel",
  defaults: {
    vocabSize: 32000,
    hiddenSize: 4096,
    layers: 32,
    heads: 32,
    intermediateSize: 11008,
    maxPositions: 2048,
    rmsNormEps: 1e-6,
    theta: 10000,
    hiddenAct: "silu",
  },
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window: () => null,
  fields: (config) => ({
    attention_bias: config.attentionBias === "all",
    mlp_bias: config.mlpBias,
  }),
});

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/**
 * OLMo 2 (arXiv 2501.00656): norms only after attention and feed-forward part;
 * queries and keys are normalised as a whole.
 */
export const olmo2: Family<DecoderConfig> = decoderFamily({
  modelType: "olmo2",
  model: "Olmo2Model",
  defaults: {
    vocabSize: 50304,
    hiddenSize: 4096,
    layers: 32,
    heads: 32,
    intermediateSize: 11008,
    maxPositions: 2048,
    rmsNormEps: 1e-5,
    theta: 10000,
    hiddenAct: "silu",
  },
  queryKeyNorm: "whole",
  postNorms: true,
  onlyPostNorms: true,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window: () => null,
  fields: (config) => ({ attention_bias: config.attentionBias === "all" }),
});

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/** Gemma (arXiv 2403.08295): gains are 1 + weight, embeddings are scaled. */
export const gemma: Family<DecoderConfig> = decoderFamily({
  modelType: "gemma",
  model: "GemmaModel",
  defaults: {
    vocabSize: 256000,
    hiddenSize: 3072,
    layers: 28,
    heads: 16,
    keyHeads: 16,
    headSize: 256,
    intermediateSize: 24576,
    maxPositions: 8192,
    rmsNormEps: 1e-6,
    theta: 10000,
    hiddenAct: "gelu_pytorch_tanh",
  },
  addOneToNorms: true,
  scaleEmbeddings: true,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window: () => null,
  fields: (config) => ({ attention_bias: config.attentionBias === "all" }),
});

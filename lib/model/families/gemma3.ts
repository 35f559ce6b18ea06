import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";
import { layerTypeFields } from "./decoder_config.ts";

/**
 * Gemma 3's text model (arXiv 2503.19786): windows on five layers of six, with
 * rotary positions of their own; queries and keys normalised. EmbeddingGemma is
 * one whose tokens see both ways.
 */
export const gemma3: Family<DecoderConfig> = decoderFamily({
  modelType: "gemma3_text",
  model: "Gemma3TextModel",
  defaults: {
    vocabSize: 262208,
    hiddenSize: 2304,
    layers: 26,
    heads: 8,
    keyHeads: 4,
    headSize: 256,
    intermediateSize: 9216,
    maxPositions: 131072,
    rmsNormEps: 1e-6,
    theta: 1e6,
    localTheta: 1e4,
    hiddenAct: "gelu_pytorch_tanh",
  },
  addOneToNorms: true,
  postNorms: true,
  scaleEmbeddings: true,
  queryKeyNorm: true,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window(file, layer) {
    const slides = file.layer_types
      ? file.layer_types[layer] === "sliding_attention"
      : (layer + 1) % (file.sliding_window_pattern ?? 6) !== 0;
    if (!slides) return null;
    return file.sliding_window === undefined ? 4096 : file.sliding_window;
  },
  fields: (config) => ({
    ...layerTypeFields(config),
    attention_bias: config.attentionBias === "all",
  }),
});

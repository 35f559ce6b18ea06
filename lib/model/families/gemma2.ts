import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";
import { layerTypeFields } from "./decoder_config.ts";

/** Gemma 2 (arXiv 2408.00118): every other layer sees a window; capped scores. */
export const gemma2: Family<DecoderConfig> = decoderFamily({
  modelType: "gemma2",
  model: "Gemma2Model",
  defaults: {
    vocabSize: 256000,
    hiddenSize: 2304,
    layers: 26,
    heads: 8,
    keyHeads: 4,
    headSize: 256,
    intermediateSize: 9216,
    maxPositions: 8192,
    rmsNormEps: 1e-6,
    theta: 10000,
    softcap: 50,
    hiddenAct: "gelu_pytorch_tanh",
  },
  addOneToNorms: true,
  postNorms: true,
  scaleEmbeddings: true,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window(file, layer) {
    const slides = file.layer_types
      ? file.layer_types[layer] === "sliding_attention"
      : layer % 2 === 0;
    if (!slides) return null;
    return file.sliding_window === undefined ? 4096 : file.sliding_window;
  },
  fields: (config) => ({
    ...layerTypeFields(config),
    attention_bias: config.attentionBias === "all",
  }),
});

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/**
 * Phi-3 (arXiv 2404.14219): Llama whose queries, keys and values are one map, and
 * gate and up another; longrope positions.
 */
export const phi3: Family<DecoderConfig> = decoderFamily({
  modelType: "phi3",
  model: "Phi3Model",
  defaults: {
    vocabSize: 32064,
    hiddenSize: 3072,
    layers: 32,
    heads: 32,
    intermediateSize: 8192,
    maxPositions: 4096,
    originalMaxPositions: 4096,
    rmsNormEps: 1e-5,
    theta: 10000,
    hiddenAct: "silu",
  },
  fused: true,
  attentionBias: () => "none",
  window: (file) => file.sliding_window ?? null,
  fields: (config) => ({
    sliding_window: config.windows[0] ?? null,
    original_max_position_embeddings: config.rope.originalMaxPositions ??
      config.original?.original_max_position_embeddings ?? 4096,
    // transformers' own is an id of the first model's vocabulary.
    ...config.original ? {} : { pad_token_id: null },
  }),
});

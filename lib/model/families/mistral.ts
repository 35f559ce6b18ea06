import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";

/** Mistral (arXiv 2310.06825): one window for every layer, or none. */
export const mistral: Family<DecoderConfig> = decoderFamily({
  modelType: "mistral",
  model: "MistralModel",
  defaults: {
    vocabSize: 32000,
    hiddenSize: 4096,
    layers: 32,
    heads: 32,
    keyHeads: 8,
    intermediateSize: 14336,
    maxPositions: 131072,
    rmsNormEps: 1e-6,
    theta: 10000,
    hiddenAct: "silu",
  },
  attentionBias: () => "none",
  window: (file) =>
    file.sliding_window === undefined ? 4096 : file.sliding_window,
  // Unsaid, it would be 4096.
  fields: (config) => ({ sliding_window: config.windows[0] ?? null }),
});

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";
import { layerTypeFields } from "./decoder_config.ts";

/** Mistral (arXiv 2310.06825): one window, for every layer or some, or none. */
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
  // transformers runs files with `layer_types` as Ministral.
  window(file, layer) {
    if (file.layer_types?.[layer] === "full_attention") return null;
    return file.sliding_window === undefined ? 4096 : file.sliding_window;
  },
  fields: (config) => ({
    // Unsaid, it would be 4096.
    sliding_window: config.windows.find((w) => w !== null) ?? null,
    ...config.windows.some((w) => w !== config.windows[0])
      ? layerTypeFields(config)
      : {},
  }),
});

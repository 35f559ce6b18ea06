import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";
import { type DecoderFile, windowFields } from "./decoder_config.ts";

/**
 * Qwen1.5, 2 and 2.5 (arXiv 2407.10671): queries, keys and values have a bias;
 * a window only where `use_sliding_window` says so.
 */
export const qwen2: Family<DecoderConfig> = decoderFamily({
  modelType: "qwen2",
  model: "Qwen2Model",
  defaults: {
    vocabSize: 151936,
    hiddenSize: 4096,
    layers: 32,
    heads: 32,
    keyHeads: 32,
    intermediateSize: 22016,
    maxPositions: 32768,
    rmsNormEps: 1e-6,
    theta: 10000,
    hiddenAct: "silu",
  },
  attentionBias: () => "qkv",
  window: qwenWindow,
  fields: windowFields,
});

/** The window of a layer; the first `max_window_layers` layers have none. */
export function qwenWindow(file: DecoderFile, layer: number): number | null {
  if (!file.use_sliding_window) return null;
  const slides = file.layer_types
    ? file.layer_types[layer] === "sliding_attention"
    : layer >= (file.max_window_layers ?? 28);
  if (!slides) return null;
  return file.sliding_window === undefined ? 4096 : file.sliding_window;
}

import type { Family } from "../config/family.ts";
import type { DecoderConfig } from "../config/model_config.ts";
import { decoderFamily } from "./decoder.ts";
import { windowFields } from "./decoder_config.ts";
import { qwenWindow } from "./qwen2.ts";

/** Qwen3 (arXiv 2505.09388): queries and keys are normalised, no biases. */
export const qwen3: Family<DecoderConfig> = decoderFamily({
  modelType: "qwen3",
  model: "Qwen3Model",
  defaults: {
    vocabSize: 151936,
    hiddenSize: 4096,
    layers: 32,
    heads: 32,
    keyHeads: 32,
    headSize: 128,
    intermediateSize: 22016,
    maxPositions: 32768,
    rmsNormEps: 1e-6,
    theta: 10000,
    hiddenAct: "silu",
  },
  queryKeyNorm: true,
  attentionBias: (file) => file.attention_bias ? "all" : "none",
  window: qwenWindow,
  fields: (config) => ({
    ...windowFields(config),
    attention_bias: config.attentionBias === "all",
  }),
});

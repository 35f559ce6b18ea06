import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  type Pooling,
  trainTokenizer,
} from "../lib/model/mod.ts";
import { createRng } from "../lib/sampling/mod.ts";

/** A small random encoder, the same at every call. */
export function smallEncoder(pooling: Pooling = "mean"): Encoder {
  const texts = ["red green blue", "a green bird sings", "blue is the sky"];
  const tokenizer = createTokenizer(trainTokenizer(texts));
  const config = bertConfig({
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    intermediateSize: 32,
    maxPositions: 32,
  });
  return createEncoder(config, tokenizer, {
    rng: createRng(1, "model"),
    modules: { pooling, normalize: true, prompts: {} },
  });
}

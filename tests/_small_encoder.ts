import {
  bertConfig,
  createEncoder,
  createTokenizer,
  type Encoder,
  type Pooling,
  trainTokenizer,
} from "../lib/model/mod.ts";
import { createRng } from "../lib/sampling/mod.ts";

/**
 * A small random encoder, the same at every call.
 *
 * @param pooling How tokens become a vector.
 * @param initializerRange Spread of its parameters: with BERT's own all texts are
 * much alike to it.
 */
export function smallEncoder(
  pooling: Pooling = "mean",
  initializerRange = 0.02,
): Encoder {
  const texts = ["red green blue", "a green bird sings", "blue is the sky"];
  const tokenizer = createTokenizer(trainTokenizer(texts));
  const config = bertConfig({
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    intermediateSize: 32,
    maxPositions: 32,
    initializerRange,
  });
  return createEncoder(config, tokenizer, {
    rng: createRng(1, "model"),
    modules: { pooling, normalize: true, prompts: {} },
  });
}

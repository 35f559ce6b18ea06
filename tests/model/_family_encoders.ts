import {
  bertConfig,
  createEncoder,
  createTokenizer,
  decoderConfig,
  type Encoder,
  type ModelConfig,
  type ModulesConfig,
  parseConfig,
  trainTokenizer,
} from "../../lib/model/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";

const TEXTS = ["red green blue", "a green bird sings", "blue is the sky"];

/** Sizes of a small model of each kind. */
const SIZES = { hiddenSize: 16, layers: 3, heads: 4, intermediateSize: 24 };

/** Configurations of a small model of each kind, for a vocabulary. */
export function familyConfigs(vocabSize: number): Record<string, ModelConfig> {
  const file = {
    vocab_size: vocabSize,
    hidden_size: 16,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    intermediate_size: 24,
    max_position_embeddings: 66,
    pad_token_id: 0,
  };
  const decoder = { ...SIZES, vocabSize, keyHeads: 2, maxPositions: 66 };
  const { original: _, ...xlmRoberta } = parseConfig({
    ...file,
    model_type: "xlm-roberta",
  });
  const { original: __, ...mpnet } = parseConfig({
    ...file,
    model_type: "mpnet",
  });
  return {
    bert: bertConfig({ ...SIZES, vocabSize, maxPositions: 66 }),
    "xlm-roberta": xlmRoberta as ModelConfig,
    mpnet: mpnet as ModelConfig,
    qwen2: decoderConfig({ ...decoder, modelType: "qwen2" }),
    "qwen2 with windows": decoderConfig({
      ...decoder,
      modelType: "qwen2",
      windows: [null, 3, 3],
    }),
    qwen3: decoderConfig({ ...decoder, modelType: "qwen3", headSize: 6 }),
    llama: decoderConfig({
      ...decoder,
      modelType: "llama",
      attentionBias: "all",
      mlpBias: true,
      rope: {
        type: "llama3",
        theta: 10000,
        factor: 4,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalMaxPositions: 16,
      },
    }),
    mistral: decoderConfig({
      ...decoder,
      modelType: "mistral",
      windows: [4, 4, 4],
    }),
    gemma2: decoderConfig({
      ...decoder,
      modelType: "gemma2",
      attentionSoftcap: 3,
      windows: [4, null, 4],
    }),
    gemma3: decoderConfig({
      ...decoder,
      modelType: "gemma3_text",
      windows: [4, 4, null],
    }),
    "gemma3 that sees both ways": decoderConfig({
      ...decoder,
      modelType: "gemma3_text",
      causal: false,
      windows: [4, 4, null],
    }),
  };
}

/** A small encoder with a configuration of {@linkcode familyConfigs}. */
export function familyEncoder(
  name: string,
  modules: ModulesConfig = { pooling: "mean", normalize: true, prompts: {} },
): Encoder {
  const tokenizer = createTokenizer(trainTokenizer(TEXTS));
  // Larger weights than a new model's, so that every part has an effect.
  const config = {
    ...familyConfigs(tokenizer.vocabSize)[name]!,
    initializerRange: 0.3,
  };
  return createEncoder(config, tokenizer, {
    rng: createRng(1, "model"),
    modules,
  });
}

/** Names of {@linkcode familyConfigs}. */
export const FAMILY_NAMES: string[] = Object.keys(familyConfigs(50));

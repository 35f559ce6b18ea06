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

/** As version 3 has it, with distances that share rows from 3 on. */
const DEBERTA = {
  type_vocab_size: 0,
  position_biased_input: false,
  relative_attention: true,
  position_buckets: 6,
  max_relative_positions: 12,
  pos_att_type: "p2c|c2p",
  share_att_key: true,
  norm_rel_ebd: "layer_norm",
};

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
  const plain = (model_type: string, more: Record<string, unknown> = {}) => {
    const { original: _, ...config } = parseConfig({
      ...file,
      model_type,
      ...more,
    });
    return config as ModelConfig;
  };
  const half = { num_key_value_heads: 2 };
  return {
    distilbert: plain("distilbert", {
      dim: 16,
      n_layers: 3,
      n_heads: 4,
      hidden_dim: 24,
    }),
    electra: plain("electra", { embedding_size: 8 }),
    albert: plain("albert", { embedding_size: 8, num_hidden_groups: 2 }),
    modernbert: plain("modernbert", { local_attention: 6 }),
    nomic_bert: plain("nomic_bert"),
    gte: plain("gte"),
    t5: plain("t5", {
      d_model: 16,
      d_kv: 6,
      d_ff: 24,
      num_layers: 3,
      num_heads: 4,
      feed_forward_proj: "gated-gelu",
    }),
    "deberta-v2": plain("deberta-v2", DEBERTA),
    jina: plain("bert", {
      position_embedding_type: "alibi",
      feed_forward_type: "geglu",
    }),
    eurobert: plain("eurobert", half),
    gemma: plain("gemma", { ...half, head_dim: 6 }),
    olmo2: plain("olmo2", half),
    phi3: plain("phi3", half),
    bert: bertConfig({ ...SIZES, vocabSize, maxPositions: 66 }),
    "xlm-roberta": plain("xlm-roberta"),
    mpnet: plain("mpnet"),
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
  modules?: ModulesConfig,
): Encoder {
  return encoderWith((vocabSize) => familyConfigs(vocabSize)[name]!, modules);
}

/** A small encoder with a configuration of one's own. */
export function encoderWith(
  config: (vocabSize: number) => ModelConfig,
  modules: ModulesConfig = { pooling: "mean", normalize: true, prompts: {} },
): Encoder {
  const tokenizer = createTokenizer(trainTokenizer(TEXTS));
  // Larger weights than a new model's, so that every part has an effect.
  const wider = { ...config(tokenizer.vocabSize), initializerRange: 0.3 };
  return createEncoder(wider, tokenizer, {
    rng: createRng(1, "model"),
    modules,
  });
}

/** Names of {@linkcode familyConfigs}. */
export const FAMILY_NAMES: string[] = Object.keys(familyConfigs(50));

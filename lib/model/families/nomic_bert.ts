import type { Family } from "../config/family.ts";
import type { RotaryBertConfig } from "../config/model_config.ts";
import { rotaryBertFamily } from "./rotary_bert.ts";
import { fused, QKV, renamed } from "./stored_parts.ts";

/**
 * NomicBERT (arXiv 2402.01613); files as published have queries, keys and values
 * as one map, under the names of FlashAttention.
 */
export const nomicBert: Family<RotaryBertConfig> = rotaryBertFamily({
  modelType: "nomic_bert",
  model: "NomicBertModel",
  prefixes: ["nomic_bert.", "bert."],
  defaults: {
    vocabSize: 30528,
    maxPositions: 2048,
    typeVocabSize: 2,
    hiddenAct: "silu",
    theta: 1000,
    padTokenId: 0,
  },
  attentionBias: false,
  downBias: false,
  sources(name) {
    const old = renamed(name, [
      [/^layers\./, "encoder.layers."],
      [/^embeddings\.LayerNorm\./, "emb_ln."],
      [/self_attn\.o_proj/, "attn.out_proj"],
      [/up_proj/, "fc11"],
      [/gate_proj/, "fc12"],
      [/down_proj/, "fc2"],
      [/post_attention_layernorm/, "norm1"],
      [/post_mlp_layernorm/, "norm2"],
    ]);
    const part = fused(old, QKV, "attn.Wqkv");
    return part ? [part, { name: old }] : [{ name: old }];
  },
});

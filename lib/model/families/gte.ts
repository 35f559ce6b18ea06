import type { Family } from "../config/family.ts";
import type { RotaryBertConfig } from "../config/model_config.ts";
import { rotaryBertFamily } from "./rotary_bert.ts";
import { fused, QKV, renamed } from "./stored_parts.ts";

/**
 * GTE's encoder (arXiv 2407.19669); files as published have queries, keys and
 * values as one map, and up and gate as another.
 */
export const gte: Family<RotaryBertConfig> = rotaryBertFamily({
  modelType: "gte",
  model: "GteModel",
  prefixes: ["gte.", "new."],
  defaults: {
    vocabSize: 250048,
    maxPositions: 8192,
    typeVocabSize: 1,
    hiddenAct: "gelu",
    theta: 160000,
    padTokenId: 1,
  },
  attentionBias: true,
  downBias: true,
  sources(name) {
    const old = renamed(name, [
      [/^layers\./, "encoder.layer."],
      [/self_attn\.o_proj/, "attention.o_proj"],
      [/post_attention_layernorm/, "attn_ln"],
      [/post_mlp_layernorm/, "mlp_ln"],
    ]);
    const part = fused(old, QKV, "attention.qkv_proj") ??
      fused(old, ["mlp.up_proj", "mlp.gate_proj"], "mlp.up_gate_proj");
    return part ? [part, { name: old }] : [{ name: old }];
  },
});

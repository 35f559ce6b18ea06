import { z } from "zod";
import { width } from "./size_fields.ts";
import type { Family } from "../config/family.ts";
import type { NarrowBertConfig } from "../config/model_config.ts";
import { BERT_BASE } from "./bert_config.ts";
import { narrowBertFamily } from "./narrow_bert.ts";

const Groups = z.looseObject({
  num_hidden_groups: width.default(1),
  inner_group_num: z.literal(
    1,
    "must be 1: groups of several layers aren't supported",
  )
    .default(1),
}).transform((f) => ({ layerGroups: f.num_hidden_groups }));

/** ALBERT (arXiv 1909.11942): layers share their parameters; narrow embeddings. */
export const albert: Family<NarrowBertConfig> = narrowBertFamily({
  modelType: "albert",
  model: "AlbertModel",
  prefix: "albert.",
  defaults: {
    ...BERT_BASE,
    vocabSize: 30000,
    hiddenSize: 4096,
    heads: 64,
    intermediateSize: 16384,
  },
  hiddenAct: "gelu_new",
  kept: /^pooler\./,
  names: ({ layers, layerGroups = 1 }) => ({
    layer: (i) =>
      `encoder.albert_layer_groups.${
        Math.trunc(i / (layers / layerGroups))
      }.albert_layers.0`,
    query: "attention.query",
    key: "attention.key",
    value: "attention.value",
    out: "attention.dense",
    norm: "attention.LayerNorm",
    inner: "ffn",
    outer: "ffn_output",
    lastNorm: "full_layer_layer_norm",
    project: "encoder.embedding_hidden_mapping_in",
  }),
  more: {
    read: Groups,
    fields: ({ layerGroups = 1 }) => ({
      num_hidden_groups: layerGroups,
      inner_group_num: 1,
    }),
  },
});

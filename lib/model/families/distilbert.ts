import { z } from "zod";
import { layers, rows, width } from "./size_fields.ts";
import type { Family } from "../config/family.ts";
import type { DistilbertConfig } from "../config/model_config.ts";
import { bertGraph } from "../onnx/bert_graph.ts";
import { places } from "../onnx/tokens.ts";
import { activationName, ACTIVATIONS } from "./bert_config.ts";
import {
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { checkTextLengths, positionsInText } from "./positions.ts";

const NAMES: BertNames = {
  layer: (i) => `transformer.layer.${i}`,
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  out: "attention.out_lin",
  norm: "sa_layer_norm",
  inner: "ffn.lin1",
  outer: "ffn.lin2",
  lastNorm: "output_layer_norm",
};

/** transformers has this number in its code. */
const EPS = 1e-12;

const File = z.looseObject({
  vocab_size: rows.default(30522),
  max_position_embeddings: rows.default(512),
  n_layers: layers.default(6),
  n_heads: width.default(12),
  dim: width.default(768),
  hidden_dim: width.default(3072),
  activation: z.enum(
    Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[],
  ).default("gelu"),
  pad_token_id: z.int().nonnegative().nullable().default(0),
  initializer_range: z.number().nonnegative().default(0.02),
}).refine((f) => f.dim % f.n_heads === 0, {
  path: ["dim"],
  error: "must be a multiple of n_heads",
}).transform((f): DistilbertConfig => ({
  modelType: "distilbert",
  vocabSize: f.vocab_size,
  hiddenSize: f.dim,
  layers: f.n_layers,
  heads: f.n_heads,
  intermediateSize: f.hidden_dim,
  maxPositions: f.max_position_embeddings,
  layerNormEps: EPS,
  hiddenAct: ACTIVATIONS[f.activation],
  padTokenId: f.pad_token_id,
  initializerRange: f.initializer_range,
}));

/** DistilBERT (arXiv 1910.01108): half of BERT's layers, no token types. */
export const distilbert: Family<DistilbertConfig> = {
  prefixes: ["distilbert."],
  kept: null,
  causal: false,
  parse: (json) => File.safeParse(json),
  fields: (config) => ({
    architectures: ["DistilBertModel"],
    model_type: "distilbert",
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositions,
    n_layers: config.layers,
    n_heads: config.heads,
    dim: config.hiddenSize,
    hidden_dim: config.intermediateSize,
    activation: activationName(config.original?.activation, config.hiddenAct),
    pad_token_id: config.padTokenId,
    initializer_range: config.initializerRange,
    ...config.original ? {} : { dropout: 0, attention_dropout: 0 },
  }),
  parameters: (config) => [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      position: config.maxPositions,
    }),
    ...bertLayerParameters(config, NAMES),
  ],
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: NAMES,
      positions: positionsInText(batch),
      types: false,
    });
  },
  graph: (config, graph) =>
    bertGraph(graph, { config, names: NAMES, positions: places(graph) }),
};

import { z } from "zod";
import type { Family } from "../config/family.ts";
import type { MpnetConfig } from "../config/model_config.ts";
import { bertGraph, placesAfterPad } from "../onnx/bert_graph.ts";
import { distanceBiasGraph } from "../onnx/distance_graph.ts";
import { BERT_BASE, bertFile, bertFileFields } from "./bert_config.ts";
import {
  BERT_NAMES,
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { checkTextLengths, positionsAfterPad } from "./positions.ts";
import { distanceBias } from "./distance_bias.ts";
import { longest } from "../../backend/kernels/mod.ts";

const NAMES: BertNames = {
  ...BERT_NAMES,
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  out: "attention.attn.o",
  norm: "attention.LayerNorm",
};

/**
 * Positions are counted from this id, and it is passed over; transformers has
 * the number in its code, whatever the file says.
 */
const PAD = 1;
const TABLE = "encoder.relative_attention_bias.weight";
/** transformers has these numbers in its code, whatever the file says. */
const DISTANCES = { buckets: 32, far: 128 };

const File = bertFile({ ...BERT_BASE, vocabSize: 30527, padTokenId: PAD });

/**
 * MPNet (arXiv 2004.09297): BERT with a bias on the attention scores by the
 * distance of two tokens, shared by all layers, and no token types.
 */
export const mpnet: Family<MpnetConfig> = {
  prefixes: ["mpnet."],
  kept: /^pooler\./,
  causal: false,
  parse: (json) =>
    z.pipe(
      File,
      z.transform(({ typeVocabSize: _, ...f }) =>
        ({ modelType: "mpnet", ...f }) as MpnetConfig
      ),
    ).safeParse(json),
  fields: (config) => ({
    architectures: ["MPNetModel"],
    model_type: "mpnet",
    ...bertFileFields(config),
    relative_attention_num_buckets: DISTANCES.buckets,
  }),
  parameters: (config) => [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      position: config.maxPositions,
    }),
    ...bertLayerParameters(config, NAMES),
    { name: TABLE, shape: [DISTANCES.buckets, config.heads], init: "normal" },
  ],
  longest: (config) => config.maxPositions - PAD - 1,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions - PAD - 1);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: NAMES,
      positions: positionsAfterPad(batch, PAD),
      types: false,
      bias: (layers) =>
        distanceBias(layers, longest(batch), { ...DISTANCES, table: TABLE }),
    });
  },
  graph: (config, graph) =>
    bertGraph(graph, {
      config,
      names: NAMES,
      positions: placesAfterPad(graph, PAD),
      bias: () => distanceBiasGraph(graph, { ...DISTANCES, table: TABLE }),
    }),
};

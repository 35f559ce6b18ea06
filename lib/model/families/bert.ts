import { z } from "zod";
import type { Family } from "../config/family.ts";
import type { BertConfig } from "../config/model_config.ts";
import { bertGraph } from "../onnx/bert_graph.ts";
import { places } from "../onnx/tokens.ts";
import { BERT_BASE, bertFile, bertFileFields } from "./bert_config.ts";
import {
  BERT_NAMES,
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
} from "./bert_layers.ts";
import { checkTextLengths, positionsInText } from "./positions.ts";

const File = bertFile(BERT_BASE);

/** BERT (arXiv 1810.04805): learned positions, two token types, layer norm after. */
export const bert: Family<BertConfig> = {
  prefixes: ["bert."],
  kept: /^pooler\./,
  causal: false,
  parse: (json) =>
    z.pipe(File, z.transform((f) => ({ modelType: "bert" as const, ...f })))
      .safeParse(json),
  fields: (config) => ({
    architectures: ["BertModel"],
    model_type: "bert",
    ...bertFileFields(config),
    type_vocab_size: config.typeVocabSize,
    position_embedding_type: "absolute",
  }),
  parameters: (config) => [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      position: config.maxPositions,
      token_type: config.typeVocabSize,
    }),
    ...bertLayerParameters(config, BERT_NAMES),
  ],
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: BERT_NAMES,
      positions: positionsInText(batch),
      types: true,
    });
  },
  graph: (config, graph) =>
    bertGraph(graph, {
      config,
      names: BERT_NAMES,
      positions: places(graph),
      types: "input",
    }),
};

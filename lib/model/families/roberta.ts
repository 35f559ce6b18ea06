import { z } from "zod";
import type { Family } from "../config/family.ts";
import type { RobertaConfig } from "../config/model_config.ts";
import { bertGraph, placesAfterPad } from "../onnx/bert_graph.ts";
import {
  BERT_BASE,
  type BertDefaults,
  bertFile,
  bertFileFields,
} from "./bert_config.ts";
import {
  BERT_NAMES,
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
} from "./bert_layers.ts";
import { checkTextLengths, positionsAfterPad } from "./positions.ts";

/**
 * RoBERTa (arXiv 1907.11692) under one of the names it goes by; XLM-R and
 * CamemBERT are the same network. Unlike BERT it counts positions from the
 * padding id + 1.
 */
function robertaFamily(
  modelType: RobertaConfig["modelType"],
  model: string,
  defaults: BertDefaults,
): Family<RobertaConfig> {
  const File = bertFile(defaults).refine((f) => f.padTokenId !== null, {
    path: ["pad_token_id"],
    error: "must be a number: positions are counted from it",
  });
  const longest = (c: RobertaConfig) => c.maxPositions - c.padTokenId - 1;
  return {
    prefixes: ["roberta."],
    kept: /^pooler\./,
    causal: false,
    parse: (json) =>
      z.pipe(
        File,
        z.transform((f) => ({ modelType, ...f }) as RobertaConfig),
      ).safeParse(json),
    fields: (config) => ({
      architectures: [model],
      model_type: modelType,
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
    longest,
    forward(config, parameters, batch, options = {}) {
      checkTextLengths(batch, longest(config));
      return bertLayersForward({ config, parameters, batch }, {
        ...options,
        names: BERT_NAMES,
        positions: positionsAfterPad(batch, config.padTokenId),
        types: true,
      });
    },
    graph: (config, graph) =>
      bertGraph(graph, {
        config,
        names: BERT_NAMES,
        positions: placesAfterPad(graph, config.padTokenId),
        types: "zero",
      }),
  };
}

const ROBERTA_BASE = { ...BERT_BASE, vocabSize: 50265, padTokenId: 1 };

/** RoBERTa. */
export const roberta: Family<RobertaConfig> = robertaFamily(
  "roberta",
  "RobertaModel",
  ROBERTA_BASE,
);

/** XLM-R (arXiv 1911.02116). */
export const xlmRoberta: Family<RobertaConfig> = robertaFamily(
  "xlm-roberta",
  "XLMRobertaModel",
  { ...ROBERTA_BASE, vocabSize: 30522 },
);

/** CamemBERT (arXiv 1911.03894). */
export const camembert: Family<RobertaConfig> = robertaFamily(
  "camembert",
  "CamembertModel",
  { ...ROBERTA_BASE, vocabSize: 30522 },
);

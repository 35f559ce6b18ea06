import { z } from "zod";
import { width } from "./size_fields.ts";
import type { Family } from "../config/family.ts";
import type { NarrowBertConfig } from "../config/model_config.ts";
import { bertGraph } from "../onnx/bert_graph.ts";
import { places } from "../onnx/tokens.ts";
import { type BertDefaults, bertFile, bertFileFields } from "./bert_config.ts";
import {
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { checkTextLengths, positionsInText } from "./positions.ts";

/** What a family of encoders with narrow embeddings does its own way. */
export interface NarrowBertTraits {
  /** Name of the family. */
  modelType: NarrowBertConfig["modelType"];
  /** Name of the class in transformers. */
  model: string;
  /** What names begin with in files saved from a larger class. */
  prefix: string;
  /** What transformers takes where a file says nothing. */
  defaults: BertDefaults;
  /** Activation there. */
  hiddenAct: string;
  /** Parameters that are kept as they came. */
  kept: RegExp | null;
  /** Names of the parameters. */
  names(config: NarrowBertConfig): BertNames;
  /** More fields of `config.json`, read and written. */
  more?: {
    read: z.ZodType<Pick<NarrowBertConfig, "layerGroups">>;
    fields(config: NarrowBertConfig): Record<string, unknown>;
  };
}

/** A family like BERT whose embeddings are narrower than its hidden states. */
export function narrowBertFamily(
  traits: NarrowBertTraits,
): Family<NarrowBertConfig> {
  const { modelType, defaults, names, more } = traits;
  const Bert = bertFile(defaults, traits.hiddenAct);
  const Own = z.looseObject({ embedding_size: width.default(128) });
  return {
    prefixes: [traits.prefix],
    kept: traits.kept,
    causal: false,
    parse(json) {
      const bert = Bert.safeParse(json);
      const own = Own.safeParse(json);
      const rest = more?.read.safeParse(json);
      for (const part of [bert, own, rest]) {
        if (part?.error) {
          return part as unknown as z.ZodSafeParseError<NarrowBertConfig>;
        }
      }
      return {
        success: true,
        data: {
          modelType,
          ...bert.data!,
          embeddingSize: own.data!.embedding_size,
          ...rest?.data,
        },
      };
    },
    fields: (config) => ({
      architectures: [traits.model],
      model_type: modelType,
      ...bertFileFields(config),
      type_vocab_size: config.typeVocabSize,
      embedding_size: config.embeddingSize,
      ...more?.fields(config),
    }),
    parameters: (config) => [
      ...bertEmbeddingParameters(config, {
        word: config.vocabSize,
        position: config.maxPositions,
        token_type: config.typeVocabSize,
      }, { width: config.embeddingSize, project: names(config).project }),
      ...bertLayerParameters(config, names(config)),
    ],
    longest: (config) => config.maxPositions,
    forward(config, parameters, batch, options = {}) {
      checkTextLengths(batch, config.maxPositions);
      return bertLayersForward({ config, parameters, batch }, {
        ...options,
        names: names(config),
        positions: positionsInText(batch),
        types: true,
      });
    },
    graph: (config, graph) =>
      bertGraph(graph, {
        config,
        names: names(config),
        positions: places(graph),
        types: "input",
      }),
  };
}

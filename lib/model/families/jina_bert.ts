import { z } from "zod";
import { longest } from "../../backend/kernels/mod.ts";
import type { Family } from "../config/family.ts";
import type { JinaBertConfig } from "../config/model_config.ts";
import { alibiBiasGraph } from "../onnx/alibi_graph.ts";
import { bertGraph } from "../onnx/bert_graph.ts";
import { alibiBias } from "./alibi.ts";
import { BERT_BASE, bertFile, bertFileFields } from "./bert_config.ts";
import {
  BERT_NAMES,
  bertEmbeddingParameters,
  bertLayerParameters,
  bertLayersForward,
  type BertNames,
} from "./bert_layers.ts";
import { checkTextLengths } from "./positions.ts";

const NAMES: BertNames = {
  ...BERT_NAMES,
  inner: "mlp.gated_layers",
  outer: "mlp.wo",
  lastNorm: "mlp.layernorm",
  gated: true,
};

/** Where the code lies that other libraries run such a model by. */
const CODE = "jinaai/jina-bert-implementation";

/** A class in that repository, as `auto_map` names it. */
function onHub(name: string): string {
  return [CODE, name].join("--");
}

const Bert = bertFile(BERT_BASE);
const Own = z.looseObject({
  feed_forward_type: z.literal(
    "geglu",
    "must be geglu: the nearest with others that works is bert",
  ),
  auto_map: z.record(z.string(), z.string()).nullish().refine(
    (map) => !Object.values(map ?? {}).some((code) => code.includes("qk-post")),
    "must not be jina-bert-v2-qk-post-norm: queries and keys aren't normalised here; the nearest that works is jinaai/jina-embeddings-v2-base-en",
  ),
});

/** Whether a file that says `bert` is of a Jina 2 model. */
export function isJinaBert(json: unknown): boolean {
  const file = json as Record<string, unknown> | null;
  return file?.model_type === "bert" &&
    file.position_embedding_type === "alibi";
}

/**
 * Jina 2 (arXiv 2310.19923): BERT whose scores fall with the distance, instead of
 * positions, and whose feed-forward part has a gate.
 */
export const jinaBert: Family<JinaBertConfig> = {
  prefixes: ["bert."],
  kept: /^pooler\./,
  causal: false,
  parse(json) {
    const bert = Bert.safeParse({
      ...json as object,
      position_embedding_type: "absolute",
    });
    const own = Own.safeParse(json);
    for (const part of [bert, own]) {
      if (part.error) {
        return part as unknown as z.ZodSafeParseError<JinaBertConfig>;
      }
    }
    return {
      success: true,
      data: { modelType: "jina_bert", ...bert.data!, hiddenAct: "gelu" },
    };
  },
  fields: (config) => ({
    architectures: ["JinaBertModel"],
    model_type: "bert",
    ...bertFileFields(config),
    type_vocab_size: config.typeVocabSize,
    position_embedding_type: "alibi",
    feed_forward_type: "geglu",
    ...!config.original && {
      auto_map: {
        AutoConfig: onHub("configuration_bert.JinaBertConfig"),
        AutoModel: onHub("modeling_bert.JinaBertModel"),
      },
      emb_pooler: "mean",
    },
  }),
  parameters: (config) => [
    ...bertEmbeddingParameters(config, {
      word: config.vocabSize,
      token_type: config.typeVocabSize,
    }),
    ...bertLayerParameters(config, NAMES),
  ],
  longest: (config) => config.maxPositions,
  forward(config, parameters, batch, options = {}) {
    checkTextLengths(batch, config.maxPositions);
    return bertLayersForward({ config, parameters, batch }, {
      ...options,
      names: NAMES,
      types: true,
      bias: () => alibiBias(longest(batch), config.heads),
    });
  },
  graph: (config, graph) =>
    bertGraph(graph, {
      config,
      names: NAMES,
      types: "input",
      bias: () => alibiBiasGraph(graph, config.heads),
    }),
};

import type { Family } from "../config/family.ts";
import type { NarrowBertConfig } from "../config/model_config.ts";
import { BERT_BASE } from "./bert_config.ts";
import { BERT_NAMES } from "./bert_layers.ts";
import { narrowBertFamily } from "./narrow_bert.ts";

/** ELECTRA (arXiv 2003.10555): BERT, in its small sizes with narrower embeddings. */
export const electra: Family<NarrowBertConfig> = narrowBertFamily({
  modelType: "electra",
  model: "ElectraModel",
  prefix: "electra.",
  defaults: {
    ...BERT_BASE,
    hiddenSize: 256,
    heads: 4,
    intermediateSize: 1024,
  },
  hiddenAct: "gelu",
  kept: null,
  names: ({ embeddingSize, hiddenSize }) =>
    embeddingSize === hiddenSize
      ? BERT_NAMES
      : { ...BERT_NAMES, project: "embeddings_project" },
});

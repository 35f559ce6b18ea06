import { albert } from "../families/albert.ts";
import { bert } from "../families/bert.ts";
import { debertaV2 } from "../families/deberta_v2.ts";
import { distilbert } from "../families/distilbert.ts";
import { electra } from "../families/electra.ts";
import { eurobert } from "../families/eurobert.ts";
import { gemma } from "../families/gemma.ts";
import { gemma2 } from "../families/gemma2.ts";
import { gemma3 } from "../families/gemma3.ts";
import { isJinaBert, jinaBert } from "../families/jina_bert.ts";
import { llama } from "../families/llama.ts";
import { mistral } from "../families/mistral.ts";
import { modernbert } from "../families/modernbert.ts";
import { mpnet } from "../families/mpnet.ts";
import { gte } from "../families/gte.ts";
import { nomicBert } from "../families/nomic_bert.ts";
import { t5 } from "../families/t5.ts";
import { olmo2 } from "../families/olmo2.ts";
import { phi3 } from "../families/phi3.ts";
import { qwen2 } from "../families/qwen2.ts";
import { qwen3 } from "../families/qwen3.ts";
import { camembert, roberta, xlmRoberta } from "../families/roberta.ts";
import type { Family } from "./family.ts";
import type { ModelConfig } from "./model_config.ts";

/** The configuration whose `modelType` can be T. */
type ConfigOf<T, C = ModelConfig> = C extends { modelType: infer M }
  ? T extends M ? C : never
  : never;

/** Every family, by the `model_type` of its `config.json`; a new one is a row. */
const FAMILIES: {
  readonly [T in ModelConfig["modelType"]]: Family<ConfigOf<T>>;
} = {
  bert,
  roberta,
  "xlm-roberta": xlmRoberta,
  camembert,
  mpnet,
  distilbert,
  electra,
  albert,
  modernbert,
  "deberta-v2": debertaV2,
  jina_bert: jinaBert,
  nomic_bert: nomicBert,
  gte,
  t5,
  qwen2,
  qwen3,
  llama,
  mistral,
  gemma,
  gemma2,
  gemma3_text: gemma3,
  olmo2,
  phi3,
  eurobert,
};

/** Names of the families. */
export const MODEL_TYPES: readonly string[] = Object.keys(FAMILIES);

/** The family of a model, `undefined` for one that we don't have. */
export function familyNamed(modelType: unknown): Family | undefined {
  return typeof modelType === "string" && Object.hasOwn(FAMILIES, modelType)
    ? FAMILIES[modelType as ModelConfig["modelType"]] as unknown as Family
    : undefined;
}

/** The family that the content of a `config.json` names. */
export function familyOfFile(json: unknown): Family | undefined {
  const named = (json as { model_type?: unknown } | null)?.model_type;
  return familyNamed(isJinaBert(json) ? "jina_bert" : named);
}

/** The family of a configuration. */
export function familyOf(
  { modelType }: Pick<ModelConfig, "modelType">,
): Family {
  return FAMILIES[modelType] as unknown as Family;
}

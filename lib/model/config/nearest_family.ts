/** Families that people bring and we don't run: why, and the nearest that works. */
const OTHERS: Readonly<
  Record<string, readonly [why: string, nearest: string]>
> = {
  deberta: ["its layers are those of version 1", "deberta-v2"],
  new: [
    "it is the name of code on the hub, which transformers has as gte",
    "gte, e.g. the folder that transformers 5 saves of the model",
  ],
  jina_embeddings_v3: ["its adapters are chosen by the task", "nomic_bert"],
  mt5: ["only T5's own encoder is run", "t5 or xlm-roberta"],
  umt5: ["only T5's own encoder is run", "t5 or xlm-roberta"],
  longt5: ["it attends in blocks", "modernbert"],
  longformer: ["it attends in blocks", "modernbert"],
  big_bird: ["it attends in blocks", "modernbert"],
  xlnet: ["its positions are relative to a permutation", "mpnet"],
  xlm: ["its layers are others", "xlm-roberta"],
  "xlm-roberta-xl": ["its norms come before the parts", "xlm-roberta"],
  dpr: [
    "it names two encoders",
    "bert, as sentence-transformers/facebook-dpr-* have it",
  ],
  roformer: ["its rotary positions are others", "nomic_bert"],
  ernie: ["it has task types", "bert"],
  mobilebert: ["its layers are others", "distilbert"],
  qwen3_moe: ["mixtures of experts aren't run", "qwen3"],
  qwen2_moe: ["mixtures of experts aren't run", "qwen2"],
  mixtral: ["mixtures of experts aren't run", "mistral"],
  qwen2_vl: ["it takes pictures", "qwen2"],
  qwen2_5_vl: ["it takes pictures", "qwen2"],
  qwen3_vl: ["it takes pictures", "qwen3"],
  gemma3: ["it takes pictures", "gemma3_text, its part for text"],
  clip: ["it takes pictures", "bert"],
  phi: ["only part of a head turns", "phi3"],
  olmo: ["its norms have no weights", "olmo2"],
  gpt2: ["it has learned positions", "llama"],
  gpt_neox: ["only part of a head turns", "llama"],
  ministral: ["it is known as mistral with layer_types", "mistral"],
  qwen3_5_text: ["its layers keep a state", "qwen3"],
};

/** What to say of a family that isn't run: why, and what is the nearest. */
export function nearestFamily(modelType: unknown): string {
  if (typeof modelType !== "string" || !Object.hasOwn(OTHERS, modelType)) {
    return "";
  }
  const [why, nearest] = OTHERS[modelType]!;
  return `; ${why}: the nearest that works is ${nearest}`;
}

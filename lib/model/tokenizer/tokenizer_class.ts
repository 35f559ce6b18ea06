/** What the classes of transformers 5 make of a `tokenizer.json`. */
export const KINDS = [
  "bert",
  "mpnet",
  "roberta",
  "xlm-roberta",
  "camembert",
  "albert",
  "deberta-v2",
  "t5",
  "llama",
  "gemma",
  "qwen2",
] as const;

/** One of {@linkcode KINDS}. */
export type TokenizerKind = typeof KINDS[number];

/** Classes that put their own parts in the place of the file's. */
const CLASSES: Readonly<Record<string, TokenizerKind>> = {
  BertTokenizer: "bert",
  DistilBertTokenizer: "bert",
  ElectraTokenizer: "bert",
  MobileBertTokenizer: "bert",
  SqueezeBertTokenizer: "bert",
  LayoutLMTokenizer: "bert",
  LxmertTokenizer: "bert",
  MPNetTokenizer: "mpnet",
  RobertaTokenizer: "roberta",
  BartTokenizer: "roberta",
  LongformerTokenizer: "roberta",
  XLMRobertaTokenizer: "xlm-roberta",
  CamembertTokenizer: "camembert",
  AlbertTokenizer: "albert",
  DebertaV2Tokenizer: "deberta-v2",
  T5Tokenizer: "t5",
  LlamaTokenizer: "llama",
  GemmaTokenizer: "gemma",
  Qwen2Tokenizer: "qwen2",
};

/** The class of a `model_type`; `null` is one that takes the file as it is. */
const REGISTERED: Readonly<Record<string, string | null>> = {
  albert: "AlbertTokenizer",
  bert: "BertTokenizer",
  camembert: "CamembertTokenizer",
  "deberta-v2": "DebertaV2Tokenizer",
  distilbert: "BertTokenizer",
  electra: "BertTokenizer",
  gemma: "GemmaTokenizer",
  gemma2: "GemmaTokenizer",
  gemma3: "GemmaTokenizer",
  gemma3_text: "GemmaTokenizer",
  mistral: null,
  modernbert: null,
  mpnet: "MPNetTokenizer",
  nomic_bert: "BertTokenizer",
  olmo2: null,
  phi3: null,
  qwen2: "Qwen2Tokenizer",
  qwen3: "Qwen2Tokenizer",
  roberta: "RobertaTokenizer",
  t5: "T5Tokenizer",
  "xlm-roberta": "XLMRobertaTokenizer",
};

/** Types whose folders name a wrong class on the hub: theirs is taken. */
const MISNAMED = new Set(["qwen2"]);

/** What decides on the class. */
export interface ClassSource {
  /** `tokenizer_class` of `tokenizer_config.json`, else of `config.json`. */
  declared?: unknown;
  /** `model_type` of `config.json`. */
  modelType?: unknown;
  /** Whether the tokenizer works on bytes, as GPT-2's does. */
  byteLevel: boolean;
}

/**
 * Which of transformers' classes `AutoTokenizer` takes.
 *
 * @returns Its kind; `undefined` where the file is taken as it is.
 */
export function tokenizerKind(
  { declared, modelType, byteLevel }: ClassSource,
): TokenizerKind | undefined {
  const own = typeof declared === "string"
    ? declared.replace(/Fast$/, "")
    : undefined;
  const type = typeof modelType === "string" ? modelType : "";
  const registered = Object.hasOwn(REGISTERED, type)
    ? REGISTERED[type]
    : undefined;
  // Files of Llama 3's kind, which the class of that name couldn't read.
  if (own === "LlamaTokenizer" && byteLevel && type !== "mistral") return;
  if (registered === null && own !== undefined) return;
  const taken = registered && own !== registered && MISNAMED.has(type)
    ? registered
    : own ?? registered ?? undefined;
  return taken !== undefined && Object.hasOwn(CLASSES, taken)
    ? CLASSES[taken]
    : undefined;
}

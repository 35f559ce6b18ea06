/** What the configurations of all families have. */
export interface CommonConfig {
  /** Rows of the token table. */
  vocabSize: number;
  /** Width of the hidden states. */
  hiddenSize: number;
  /** Number of layers. */
  layers: number;
  /** Attention heads of a layer (query heads, where keys are shared). */
  heads: number;
  /** Width of the feed-forward part. */
  intermediateSize: number;
  /** Most positions; of the encoders, rows of the position table. */
  maxPositions: number;
  /** Standard deviation of new weights. */
  initializerRange: number;
  /**
   * The `config.json` that it was read from: {@linkcode writeConfig} keeps the
   * fields that we have no use for.
   */
  original?: Readonly<Record<string, unknown>>;
}

/** What BERT and its relatives share. */
export interface BertSizes extends CommonConfig {
  /** Added to the variance in a layer norm. */
  layerNormEps: number;
  /** Activation: `gelu` is the erf form, `gelu_new` the tanh form. */
  hiddenAct: "gelu" | "gelu_new" | "relu";
}

/** Sizes and choices of a BERT encoder. */
export interface BertConfig extends BertSizes {
  /** Family. */
  modelType: "bert";
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Id of the padding token, whose row gets no gradient; `null` for none. */
  padTokenId: number | null;
}

/**
 * Sizes and choices of a RoBERTa or XLM-R encoder. Its positions begin at
 * `padTokenId + 1`, so a text is that much shorter than the position table.
 */
export interface RobertaConfig extends BertSizes {
  /** Family. */
  modelType: "roberta" | "xlm-roberta" | "camembert";
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Id of the padding token; positions begin after it. */
  padTokenId: number;
}

/** Sizes and choices of an MPNet encoder; its positions begin at 2. */
export interface MpnetConfig extends BertSizes {
  /** Family. */
  modelType: "mpnet";
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
}

/** How rotary position embeddings turn with the position. */
export interface RopeConfig {
  /** Base of the frequencies: theta^(-2i/D). */
  theta: number;
  /** How they are stretched for texts longer than those of pretraining. */
  type: "default" | "linear" | "llama3" | "yarn";
  /** By how much, >= 1; `linear`, `llama3` and `yarn`. */
  factor?: number;
  /** Longest text of pretraining; `llama3` and `yarn`. */
  originalMaxPositions?: number;
  /** `llama3`: wavelengths above original / this are stretched in full. */
  lowFrequencyFactor?: number;
  /** `llama3`: wavelengths below original / this are left alone. */
  highFrequencyFactor?: number;
  /** `yarn`: turns over the original length above which nothing is stretched. */
  betaFast?: number;
  /** `yarn`: turns below which all is stretched. */
  betaSlow?: number;
  /** `yarn`: factor on cosines and sines. @default {0.1 ln(factor) + 1} */
  attentionFactor?: number;
  /** `yarn`: whether the borders are rounded to whole dimensions. */
  truncate?: boolean;
}

/** Sizes and choices of an LLM decoder. */
export interface DecoderConfig extends CommonConfig {
  /** Family. */
  modelType:
    | "qwen2"
    | "qwen3"
    | "llama"
    | "mistral"
    | "gemma2"
    | "gemma3_text";
  /** Key and value heads; a divisor of `heads`. */
  keyHeads: number;
  /** Width of a head. */
  headSize: number;
  /** Added to the mean square in an RMS norm. */
  rmsNormEps: number;
  /** Activation of the gate. */
  hiddenAct: "silu" | "gelu" | "gelu_tanh";
  /** Which attention maps have a bias. */
  attentionBias: "none" | "qkv" | "all";
  /** Whether the feed-forward maps have a bias. */
  mlpBias: boolean;
  /** Factor on the attention scores. */
  attentionScale: number;
  /** Attention scores become softcap · tanh(score / softcap); `null`: they don't. */
  attentionSoftcap: number | null;
  /** Whether a token sees only those before it. */
  causal: boolean;
  /** How many tokens each layer's tokens see, themselves included; `null`: all. */
  windows: readonly (number | null)[];
  /** Rotary position embeddings. */
  rope: RopeConfig;
  /** Those of the layers with a window, where they differ. */
  localRope?: RopeConfig;
  /** Id of the end token; `null` for none. */
  eosTokenId: number | null;
}

/** Configuration of a model of any supported family; `modelType` tells which. */
export type ModelConfig =
  | BertConfig
  | RobertaConfig
  | MpnetConfig
  | DecoderConfig;

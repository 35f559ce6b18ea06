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

/** Sizes and choices of a Jina 2 encoder. */
export interface JinaBertConfig extends BertSizes {
  /** Family; its files say `bert`. */
  modelType: "jina_bert";
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
}

/** Sizes and choices of a DistilBERT encoder. */
export interface DistilbertConfig extends BertSizes {
  /** Family. */
  modelType: "distilbert";
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
}

/** Sizes and choices of an ELECTRA or ALBERT encoder. */
export interface NarrowBertConfig extends BertSizes {
  /** Family. */
  modelType: "electra" | "albert";
  /** Rows of the token type table. */
  typeVocabSize: number;
  /** Width of the embeddings, which a map makes as wide as the hidden states. */
  embeddingSize: number;
  /** ALBERT: how many layers have parameters of their own. */
  layerGroups?: number;
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
}

/** Sizes and choices of a T5 encoder, whose positions have no end. */
export interface T5Config extends CommonConfig {
  /** Family. */
  modelType: "t5";
  /** Width of a head. */
  headSize: number;
  /** Added to the mean square in a norm. */
  rmsNormEps: number;
  /** Activation of the feed-forward part. */
  hiddenAct: "relu" | "gelu" | "gelu_tanh" | "silu";
  /** Whether it has a gate. */
  gated: boolean;
  /** Rows of the table of distances. */
  distanceBuckets: number;
  /** Distances from here on share a row. */
  farthest: number;
}

/** Sizes and choices of an encoder with rotary positions and a gate. */
export interface RotaryBertConfig extends CommonConfig {
  /** Family. */
  modelType: "nomic_bert" | "gte";
  /** Rows of the token type table; 0: there is none. */
  typeVocabSize: number;
  /** Added to the variance in a layer norm. */
  layerNormEps: number;
  /** Width of a head. */
  headSize: number;
  /** Activation of the gate. */
  hiddenAct: "silu" | "gelu" | "gelu_tanh";
  /** Rotary position embeddings. */
  rope: RopeConfig;
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
}

/** Sizes and choices of a ModernBERT encoder. */
export interface ModernBertConfig extends CommonConfig {
  /** Family. */
  modelType: "modernbert";
  /** Added to the variance in a layer norm. */
  layerNormEps: number;
  /** Whether norms have a bias. */
  normBias: boolean;
  /** Whether the attention's maps have a bias. */
  attentionBias: boolean;
  /** Whether the feed-forward part's maps have a bias. */
  mlpBias: boolean;
  /** Activation of the gate. */
  hiddenAct: "silu" | "gelu" | "gelu_tanh";
  /** Width of the window: half before a token, half after it. */
  window: number;
  /** Which layers have the window. */
  windowed: readonly boolean[];
  /** Rotary positions of layers that see all. */
  rope: RopeConfig;
  /** Those of layers with the window. */
  localRope: RopeConfig;
}

/** Sizes and choices of a DeBERTa (version 2 or 3) encoder. */
export interface DebertaConfig extends BertSizes {
  /** Family. */
  modelType: "deberta-v2";
  /** Rows of the token type table; 0: there is none. */
  typeVocabSize: number;
  /** Whether there is a table of positions too. */
  positionTable: boolean;
  /** Distances that have a row of their own, or share one, in each direction. */
  span: number;
  /** Whether far distances share rows: from half of `span` on. */
  buckets: boolean;
  /** The distance whose row is the last one, where rows are shared. */
  farthest: number;
  /** What looks at distances. */
  looking: { queries: boolean; keys: boolean };
  /** Whether rows of distances go through the maps of contents. */
  sharedMaps: boolean;
  /** Whether rows of distances are normalised. */
  distanceNorm: boolean;
  /** Id of the padding token; `null` for none. */
  padTokenId: number | null;
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
  type: "default" | "linear" | "llama3" | "yarn" | "dynamic" | "longrope";
  /** By how much, >= 1. `dynamic` stretches nothing up to the model's positions. */
  factor?: number;
  /** Longest text of pretraining; `llama3`, `yarn` and `longrope`. */
  originalMaxPositions?: number;
  /** `llama3`: wavelengths above original / this are stretched in full. */
  lowFrequencyFactor?: number;
  /** `llama3`: wavelengths below original / this are left alone. */
  highFrequencyFactor?: number;
  /** `yarn`: turns over the original length above which nothing is stretched. */
  betaFast?: number;
  /** `yarn`: turns below which all is stretched. */
  betaSlow?: number;
  /**
   * `longrope`: by how much each frequency is divided, shape `[D / 2]`, in texts
   * up to the length of pretraining.
   */
  shortFactors?: readonly number[];
  /** `longrope`: the same in longer texts. */
  longFactors?: readonly number[];
  /** Factor on cosines and sines. @default {of `yarn` 0.1 ln(factor) + 1, else 1} */
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
    | "gemma"
    | "gemma2"
    | "gemma3_text"
    | "olmo2"
    | "phi3"
    | "eurobert";
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
  /**
   * How far a window of w reaches to each side where tokens see both ways: w, or
   * half of it. @default {"half" in Gemma, else "whole"}
   */
  windowReach?: "half" | "whole";
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
  | DistilbertConfig
  | NarrowBertConfig
  | T5Config
  | RotaryBertConfig
  | ModernBertConfig
  | DebertaConfig
  | JinaBertConfig
  | DecoderConfig;

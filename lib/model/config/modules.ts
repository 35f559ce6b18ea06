/**
 * How the hidden states of a text become one vector: the mean over its tokens;
 * its first token, or its last one; a mean where token i of n (from 1) counts i
 * times; the largest number of each component; or the sum divided by the root of
 * n (spec section 4).
 */
export type Pooling =
  | "mean"
  | "cls"
  | "lastToken"
  | "weightedMean"
  | "max"
  | "meanSqrtLength";

/**
 * Mean pooling over the average of two layers: the embeddings and the last
 * layer, or the last two (spec section 4).
 */
export type LayerAverage = "avgFirstLast" | "avgTop2";

/** Which layers' hidden states are averaged before pooling, and how. */
export interface LayerMix {
  /** The first of them; 0 is the embeddings, before any layer. */
  start: number;
  /** Weight of each from there to the last; they are divided by their sum. */
  weights: readonly number[];
}

/** An affine map, and a function on what comes out. */
export interface DenseModule {
  /** Which map this is. */
  kind: "dense";
  /** Length of the vectors it takes. */
  in: number;
  /** Length of the vectors it gives. */
  out: number;
  /** Whether it adds a bias. */
  bias: boolean;
  /** Applied to each component afterwards. */
  activation: "identity" | "tanh" | "relu" | "gelu";
  /**
   * Whether what came in is added: through a map of its own, without a bias,
   * where the lengths differ. @default {false}
   */
  residual?: boolean;
  /** `"tokens"`: applied to each token, before pooling. @default {the text's vector} */
  on?: "tokens";
  /** Folder of its weights in the folder that it was loaded from. */
  path?: string;
}

/** A layer norm with gain and bias. */
export interface LayerNormModule {
  /** Which map this is. */
  kind: "layerNorm";
  /** Length of the vectors. */
  size: number;
  /** Folder of its weights in the folder that it was loaded from. */
  path?: string;
}

/** Division by the vector's length, where other maps follow. */
export interface NormalizeModule {
  /** Which map this is. */
  kind: "normalize";
  /** `"tokens"`: applied to each token, before pooling. @default {the text's vector} */
  on?: "tokens";
}

/** Kept and saved; training's dropout is the run's own. */
export interface DropoutModule {
  /** Which map this is. */
  kind: "dropout";
  /** What sentence-transformers drops in training. */
  rate: number;
}

/** What happens to vectors around pooling. */
export type ModuleMap =
  | DenseModule
  | LayerNormModule
  | NormalizeModule
  | DropoutModule;

/** What sentence-transformers' files say about a model, beyond its weights. */
export interface ModulesConfig {
  /** How hidden states become one vector; several are put end to end. */
  pooling: Pooling | readonly Pooling[];
  /** Layers that are averaged before pooling. @default {the last alone} */
  layerMix?: LayerMix;
  /** Maps, in order; those on tokens come before pooling. @default {[]} */
  maps?: readonly ModuleMap[];
  /** Whether the vector is divided by its length, last of all. */
  normalize: boolean;
  /**
   * How many of the first components are kept, as Matryoshka models allow
   * (arXiv 2205.13147). @default {all}
   */
  dim?: number;
  /**
   * Most tokens of a text, special tokens included (`max_seq_length`, else the
   * tokenizer's `model_max_length`, where version 6 keeps it); absent if no
   * file says, then the model's positions are the limit.
   */
  maxLength?: number;
  /** Whether letters are made small before the tokenizer sees them. */
  lowercase?: boolean;
  /**
   * `"cosine"`: search and evaluation divide vectors by their length, though
   * encoding doesn't. @default {the dot product}
   */
  similarity?: "cosine";
  /** Maximum tokens of queries and passages that tdro trained the model with. */
  lengths?: { query: number; passage: number };
  /**
   * Name → text put before a text, e.g. `{ query: "query: " }`.
   *
   * @default {{}}
   */
  prompts?: Readonly<Record<string, string>>;
  /** Name of the prompt used when none is named. */
  defaultPromptName?: string;
}

/** All ways of pooling of a model, in order. */
export function poolings(
  { pooling }: Pick<ModulesConfig, "pooling">,
): Pooling[] {
  return [pooling].flat();
}

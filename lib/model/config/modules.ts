/**
 * How the hidden states of a text become one vector: the mean over its tokens,
 * its first token, its last one, or a mean where token i of n (from 1) counts
 * i times (spec section 4).
 */
export type Pooling = "mean" | "cls" | "lastToken" | "weightedMean";

/** An affine map after pooling, and a function on what comes out. */
export interface DenseModule {
  /** Length of the vectors it takes. */
  in: number;
  /** Length of the vectors it gives. */
  out: number;
  /** Whether it adds a bias. */
  bias: boolean;
  /** Applied to each component afterwards. */
  activation: "identity" | "tanh" | "relu" | "gelu";
  /** Folder of its weights in the folder that it was loaded from. */
  path?: string;
}

/** What sentence-transformers' files say about a model, beyond its weights. */
export interface ModulesConfig {
  /** How hidden states become one vector. */
  pooling: Pooling;
  /** Maps after pooling, in order. @default {[]} */
  dense?: readonly DenseModule[];
  /** Whether the vector is divided by its length, last of all. */
  normalize: boolean;
  /**
   * Most tokens of a text, special tokens included (`max_seq_length`, else the
   * tokenizer's `model_max_length`, where version 6 keeps it); absent if no
   * file says, then the model's positions are the limit.
   */
  maxLength?: number;
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

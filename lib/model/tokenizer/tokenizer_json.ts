/** A part of a `tokenizer.json`; `type` says which fields it has. */
export interface TokenizerPart {
  /** Kind of the part, e.g. `"BertNormalizer"`. */
  type: string;
  /** Fields of that kind. */
  [field: string]: unknown;
}

/** A token that is looked for in the raw text, before anything else. */
export interface AddedTokenJson {
  /** Token id. */
  id: number;
  /** The text that stands for the token. */
  content: string;
  /** Matches only between word borders. */
  single_word?: boolean;
  /** Takes the blanks before it along. */
  lstrip?: boolean;
  /** Takes the blanks after it along. */
  rstrip?: boolean;
  /** Looked for in the normalised text instead. */
  normalized?: boolean;
  /** Left out by a decoder that skips special tokens. */
  special?: boolean;
}

/** The content of a Hugging Face `tokenizer.json`. */
export interface TokenizerJson {
  /** Version of the format, `"1.0"`. */
  version?: string;
  /** Stored truncation; we ignore it, the caller says how long. */
  truncation?: unknown;
  /** Stored padding; we ignore it, see {@linkcode padBatch}. */
  padding?: unknown;
  /** Special tokens and others with fixed text. */
  added_tokens: AddedTokenJson[];
  /** How raw text is cleaned. */
  normalizer: TokenizerPart | null;
  /** How clean text becomes words. */
  pre_tokenizer: TokenizerPart | null;
  /** Which special tokens go around a text. */
  post_processor: TokenizerPart | null;
  /** How tokens become text again. */
  decoder: TokenizerPart | null;
  /** How a word becomes tokens, with the vocabulary. */
  model: TokenizerPart;
}

import { bpe, bpePieces } from "./bpe.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import { unigram } from "./unigram.ts";
import { remembered, type Vocabulary, type WordIds } from "./vocabulary.ts";
import { wordLevel, wordpiece } from "./wordpiece.ts";

/** How words become ids. */
export interface WordModel {
  vocabulary: Vocabulary;
  /** Entries of the vocabulary, which the ids of added tokens follow. */
  size: number;
  wordIds: WordIds;
  /** Cuts a long word into pieces whose ids, in a row, are the word's. */
  pieces?: (word: string) => Iterable<string>;
}

const KINDS = {
  WordPiece: wordpiece,
  WordLevel: wordLevel,
  BPE: bpe,
  Unigram: unigram,
} as const;

/**
 * The function of a `model`.
 *
 * @throws {Error} If it is of a kind unknown here, or lacks what it needs.
 */
export function modelOf(model: TokenizerPart): WordModel {
  const type = model.type ?? guessed(model);
  if (!Object.hasOwn(KINDS, type)) {
    throw new Error(`Unknown model type: ${type}`);
  }
  const listed = Array.isArray(model.vocab);
  if (listed !== (type === "Unigram")) {
    throw new Error(
      `the vocab of ${type} must be ${
        type === "Unigram"
          ? "a list of tokens and scores"
          : "a map from tokens to ids"
      }`,
    );
  }
  const vocabulary = new Map(
    listed
      ? (model.vocab as [string, number][]).map(([token], id) => [token, id])
      : Object.entries(model.vocab as Record<string, number>),
  );
  const size = listed ? (model.vocab as unknown[]).length : vocabulary.size;
  const ids = KINDS[type as keyof typeof KINDS](model, vocabulary);
  return {
    vocabulary,
    size,
    wordIds: remembered(ids),
    pieces: type === "BPE" ? bpePieces(model, vocabulary) : undefined,
  };
}

/** Files of old don't say the type. */
function guessed(model: TokenizerPart): string {
  if (model.merges !== undefined) return "BPE";
  if (model.continuing_subword_prefix !== undefined) return "WordPiece";
  return Array.isArray(model.vocab) ? "Unigram" : "WordLevel";
}

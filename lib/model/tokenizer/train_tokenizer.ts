import { BERT_WORD } from "./parts/bert_text.ts";
import { normalizerOf } from "./parts/normalizers.ts";
import type { TokenizerJson } from "./tokenizer_json.ts";
import { CONTINUES, learnPieces } from "./wordpiece_trainer.ts";

/** Options for {@linkcode trainTokenizer}. */
export interface TrainTokenizerOptions {
  /**
   * Entries wanted, special tokens included; fewer come out where the texts
   * don't have that many pieces.
   *
   * @default {8000}
   */
  vocabSize?: number;
  /** Folds upper case into lower case. @default {true} */
  lowercase?: boolean;
  /**
   * How often a piece must occur to become an entry; single characters need
   * occur only once.
   *
   * @default {2}
   */
  minFrequency?: number;
  /**
   * Most different characters. Those beyond it, the ones that least text hangs
   * on, become unknown. It matters for Chinese and Japanese: with 3,000 in all,
   * 2–4 % of their characters are unknown, with 2,000 it is 6–10 %.
   *
   * @default {3/8 of vocabSize}
   */
  limitAlphabet?: number;
  /**
   * More special tokens, in brackets (`[Q]` or `<q>`), with ids from 5 on.
   *
   * @default {[]}
   */
  specialTokens?: readonly string[];
}

/** The special tokens of every tokenizer made here; the place is the id. */
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/**
 * Longest word, in characters, that is cut into pieces and not unknown as a
 * whole. BERT has 100, but Thai writes whole sentences without a blank.
 */
const MAX_WORD = 200;

/**
 * Trains a tokenizer from nothing: the content of a `tokenizer.json` that
 * Hugging Face's own libraries load too (as `PreTrainedTokenizerFast`).
 *
 * It is a BERT tokenizer (WordPiece whose pieces are learned by joining the
 * most frequent pairs) with one difference: text is put into Unicode form NFKD
 * and keeps its marks. Korean syllables so become letters: of held-out Korean
 * questions 0.1 % of the tokens are then unknown, 25 % with whole syllables
 * (8,000 entries for 30 languages). Thai vowels, Japanese voicing and
 * Vietnamese tones, which BERT throws away as accents, stay.
 *
 * The same texts and options give the same tokenizer, in whatever order the
 * texts come.
 *
 * @param texts Texts to learn from, read once.
 * @param options Size of the vocabulary and what goes into it.
 * @throws {RangeError} If an option is out of range.
 *
 * @example Usage
 * ```ts
 * import { createTokenizer, trainTokenizer } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const json = trainTokenizer(["the cat sat", "the dog sat"], {
 *   vocabSize: 60,
 * });
 * const { ids } = createTokenizer(json).encode(["The!", "that"]);
 * assert.deepEqual(ids[0], [2, 26, 1, 3]); // [CLS] the [UNK] [SEP]
 * assert.equal(ids[1]!.length, 5); // [CLS] t ##h ##at [SEP]
 * ```
 */
export function trainTokenizer(
  texts: Iterable<string>,
  {
    vocabSize = 8000,
    lowercase = true,
    minFrequency = 2,
    limitAlphabet = Math.floor(vocabSize * 3 / 8),
    specialTokens = [],
  }: TrainTokenizerOptions = {},
): TokenizerJson {
  const special = [...new Set([...SPECIAL, ...specialTokens])];
  checkOptions({ vocabSize, minFrequency, limitAlphabet }, special);
  const normalizer = {
    type: "Sequence",
    normalizers: [{ type: "NFKD" }, {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: false,
      lowercase,
    }],
  };
  const normalize = normalizerOf(normalizer);
  const wordsOf = (text: string) =>
    Array.from(
      normalize({ text, lead: 0 }).text.matchAll(BERT_WORD),
      ([word]) => word,
    );

  const words = new Map<string, number>();
  for (const text of texts) {
    for (const word of wordsOf(text)) {
      words.set(word, (words.get(word) ?? 0) + 1);
    }
  }
  const pieces = learnPieces(words, {
    size: vocabSize - special.length,
    minFrequency,
    limitAlphabet,
    alone: (letter) => wordsOf(`a${letter}a`).length > 1,
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer,
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: bertTemplate(),
    decoder: { type: "WordPiece", prefix: CONTINUES, cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: CONTINUES,
      max_input_chars_per_word: MAX_WORD,
      vocab: Object.fromEntries(
        [...special, ...pieces].map((piece, id) => [piece, id]),
      ),
    },
  };
}

function checkOptions(
  counts: Record<string, number>,
  special: readonly string[],
): void {
  for (const [name, value] of Object.entries(counts)) {
    const least = name === "vocabSize" ? special.length + 1 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(
        `Cannot train a tokenizer: ${name} must be an integer >= ${least}: got ${value}`,
      );
    }
  }
  // In brackets a token can never be a piece of a word at the same time.
  const bare = special.find((token) => !/^(\[.+\]|<.+>)$/.test(token));
  if (bare !== undefined) {
    throw new RangeError(
      `Cannot train a tokenizer: specialTokens must look like "[Q]" or "<q>": got ${
        JSON.stringify(bare)
      }`,
    );
  }
}

/** `[CLS] text [SEP]`, and `[CLS] text [SEP] text [SEP]` for pairs. */
function bertTemplate(): { type: string; [field: string]: unknown } {
  const token = (id: string, type_id: number) => ({
    SpecialToken: { id, type_id },
  });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const single = [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), token("[SEP]", 1)],
    special_tokens: Object.fromEntries(
      ["[CLS]", "[SEP]"].map((id) => [
        id,
        { id, ids: [SPECIAL.indexOf(id)], tokens: [id] },
      ]),
    ),
  };
}

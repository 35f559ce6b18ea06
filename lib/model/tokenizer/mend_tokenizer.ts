import {
  PrecompiledNormalizer,
  SequenceNormalizer,
  SequencePreTokenizer,
  type Tokenizer,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
} from "@huggingface/tokenizers";
import { precompiledNormalizer } from "./precompiled.ts";

// Unicode's White_Space: JavaScript's \s lacks U+0085, and has U+FEFF.
const BLANK =
  "\\t-\\r\\x20\\x85\\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000";
// What Unicode calls a word character: JavaScript's \w is ASCII.
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

const NOT_BLANK = new RegExp(`[^${BLANK}]+`, "gu");
const WORDS = new RegExp(`[${WORD}]+|[^${WORD}${BLANK}]+`, "gu");

/**
 * Puts ours in the place of the parts of the tokenizers package that do
 * something else than the reference in Rust.
 */
export function mendTokenizer({ normalizer, pre_tokenizer }: Tokenizer): void {
  mendNormalizer(normalizer);
  mendPreTokenizer(pre_tokenizer);
}

function mendNormalizer(part: unknown): void {
  if (part instanceof SequenceNormalizer) {
    const { normalizers } = part as unknown as { normalizers: unknown[] };
    normalizers.forEach(mendNormalizer);
  } else if (part instanceof PrecompiledNormalizer) {
    const { precompiled_charsmap: map } = part.config as {
      precompiled_charsmap?: string | null;
    };
    part.normalize = map ? precompiledNormalizer(map) : (text) => text;
  }
}

function mendPreTokenizer(part: unknown): void {
  if (part instanceof SequencePreTokenizer) {
    const { tokenizers } = part as unknown as { tokenizers: unknown[] };
    tokenizers.forEach(mendPreTokenizer);
  } else if (part instanceof WhitespaceSplitPreTokenizer) {
    part.pre_tokenize_text = (text) => text.match(NOT_BLANK) ?? [];
  } else if (part instanceof WhitespacePreTokenizer) {
    part.pre_tokenize_text = (text) => text.match(WORDS) ?? [];
  }
}

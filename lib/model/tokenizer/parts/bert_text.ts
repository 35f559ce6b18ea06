import type { TokenizerPart } from "../tokenizer_json.ts";
import {
  ACCENTS,
  BLANK,
  BLANKS,
  CONTROLS,
  lowercase,
  PUNCT,
  unicodeForm,
} from "./unicode_sets.ts";

/** The blocks that BERT calls Chinese; the gap at U+2B820 is the reference's. */
const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
const PLAIN = /^[\x20-\x7E]*$/;

/** The function of a `BertNormalizer`. */
export function bertNormalizer(part: TokenizerPart): (text: string) => string {
  const clean = part.clean_text ?? true;
  const chinese = part.handle_chinese_chars ?? true;
  const lower = part.lowercase ?? true;
  // Unset means "as lowercase".
  const strip = part.strip_accents ?? lower;
  return (text) => {
    if (PLAIN.test(text)) return lower ? text.toLowerCase() : text;
    if (clean) text = text.replace(CONTROLS, "").replace(BLANKS, " ");
    if (chinese) text = text.replace(CHINESE, " $& ");
    // The reference does not compose again: Korean stays in single letters.
    if (strip) text = unicodeForm(text, "NFD").replace(ACCENTS, "");
    return lower ? lowercase(text) : text;
  };
}

/**
 * Words of a text as BERT's pre-tokenizer cuts them: blanks separate, each
 * punctuation mark stands alone (every ASCII symbol counts as one).
 */
export const BERT_WORD: RegExp = new RegExp(
  `[${PUNCT}]|[^${PUNCT}${BLANK}]+`,
  "gv",
);

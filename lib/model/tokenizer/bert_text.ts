import type { TokenizerPart } from "./tokenizer_json.ts";

// Why this is not left to the tokenizers package: its BERT normalizer lowers
// the final sigma by context (ς, the reference gives σ), doesn't see Chinese
// characters beyond U+FFFF, and is slow on plain English. Still unlike the
// reference are some hundred characters that Unicode has assigned or moved
// since version 8, whose tables the reference uses.

/** Text as BERT's normalizer (and Unicode forms around it) leaves it. */
export type Normalize = (text: string) => string;

/** Deleted: controls (but tab and line ends), formats, private use, lone halves. */
const CONTROL = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu;
/** Unicode White_Space as far as it survives the deletion. */
const BLANK = /[\t\n\r\p{Zs}\p{Zl}\p{Zp}]/gu;
/** The blocks that BERT calls Chinese; the gap at U+2B820 is the reference's. */
const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
const MARK = /\p{Mn}/gu;
const PLAIN = /^[\x20-\x7E]*$/;

/**
 * Builds the function for a normalizer of BERT's kind: `BertNormalizer` alone
 * or in a `Sequence` with Unicode forms.
 *
 * @returns The function, or `null` for a normalizer of another kind.
 */
export function bertNormalize(part: TokenizerPart | null): Normalize | null {
  switch (part?.type) {
    case "BertNormalizer":
      return bertNormalizer(part);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = part.type;
      return (text) => text.normalize(form);
    }
    case "Sequence": {
      const steps = (part.normalizers as TokenizerPart[]).map(bertNormalize);
      if (steps.includes(null)) return null;
      return (text) => steps.reduce((done, step) => step!(done), text);
    }
    default:
      return null;
  }
}

function bertNormalizer(part: TokenizerPart): Normalize {
  const clean = part.clean_text ?? true;
  const chinese = part.handle_chinese_chars ?? true;
  const lowercase = part.lowercase ?? true;
  // Unset means "as lowercase".
  const strip = part.strip_accents ?? lowercase;
  return (text) => {
    if (!PLAIN.test(text)) {
      if (clean) text = text.replace(CONTROL, "").replace(BLANK, " ");
      if (chinese) text = text.replace(CHINESE, " $& ");
      // The reference does not compose again: Korean stays in single letters.
      if (strip) text = text.normalize("NFD").replace(MARK, "");
      // The one rule of toLowerCase() that looks at the neighbours.
      if (lowercase) text = text.replaceAll("Σ", "σ");
    }
    return lowercase ? text.toLowerCase() : text;
  };
}

/**
 * Words of normalised text as BERT's pre-tokenizer cuts them: blanks separate,
 * each punctuation mark stands alone (every ASCII symbol counts as one).
 */
export const BERT_WORD: RegExp =
  /[!-\/:-@\[-`{-~\p{P}]|[^!-\/:-@\[-`{-~\p{P}\t-\r\x85\p{Z}]+/gu;

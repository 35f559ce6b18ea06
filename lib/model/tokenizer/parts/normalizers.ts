import { bertNormalizer } from "./bert_text.ts";
import { byteLetters } from "./byte_letters.ts";
import { findsNothing, patternSpans } from "./pattern.ts";
import { precompiledNormalizer } from "./precompiled.ts";
import { prepend, type Stretch } from "./stretch.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import {
  BLANKS,
  every,
  lowercase,
  MARKS,
  unicodeForm,
} from "./unicode_sets.ts";

/** Cleans a stretch of raw text. */
export type Normalizer = (stretch: Stretch) => Stretch;

/**
 * The function of a `normalizer`.
 *
 * @throws {Error} If it, or one in it, is of a kind unknown here.
 */
export function normalizerOf(part: TokenizerPart | null): Normalizer {
  if (part === null) return (stretch) => stretch;
  switch (part.type) {
    case "Sequence": {
      const steps = (part.normalizers as TokenizerPart[]).map(normalizerOf);
      return (stretch) => steps.reduce((done, step) => step(done), stretch);
    }
    case "Prepend": {
      const before = part.prepend as string;
      return (stretch) =>
        stretch.text === "" ? stretch : prepend(before, stretch);
    }
    case "Strip":
      return stripper(part);
    case "Replace":
      if (findsNothing(part.pattern)) {
        throw new Error("the pattern of Replace must take a character");
      }
      return replacer(part.pattern, part.content as string);
    default:
      return characterWise(textFunction(part));
  }
}

/** The function of a normalizer that looks at no more than a few neighbours. */
function textFunction(part: TokenizerPart): (text: string) => string {
  switch (part.type) {
    case "BertNormalizer":
      return bertNormalizer(part);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = part.type;
      return (text) => unicodeForm(text, form);
    }
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return (text) => text.replace(MARKS, "");
    case "Nmt":
      return nmt;
    case "ByteLevel":
      return byteLetters;
    case "Precompiled": {
      const map = part.precompiled_charsmap as string | null | undefined;
      return map ? precompiledNormalizer(map) : (text) => text;
    }
    default:
      throw new Error(`Unknown Normalizer type: ${part.type}`);
  }
}

/** What comes from the raw text's first character goes on doing so. */
function characterWise(change: (text: string) => string): Normalizer {
  return ({ text, lead }) => {
    const changed = change(text);
    if (lead === 0) return { text: changed, lead };
    const start = change(text.slice(0, lead)).length;
    return { text: changed, lead: Math.min(start, changed.length) };
  };
}

const NMT_DELETED = every(
  "\\u{1}-\\u{8}\\u{B}\\u{E}-\\u{1F}\\u{7F}\\u{8F}\\u{9F}",
);
const NMT_BLANK = every(
  "\\t\\n\\f\\r\\u{1680}\\u{200B}-\\u{200F}\\u{2028}\\u{2029}\\u{2581}\\u{FEFF}\\u{FFFD}",
);

function nmt(text: string): string {
  return text.replace(NMT_DELETED, "").replace(NMT_BLANK, " ");
}

function stripper(part: TokenizerPart): Normalizer {
  const isBlank = (text: string, at: number) => {
    BLANKS.lastIndex = at;
    return BLANKS.exec(text)?.index === at;
  };
  return ({ text, lead }) => {
    let [start, end] = [0, text.length];
    if (part.strip_left) {
      while (start < end && isBlank(text, start)) {
        start++;
      }
    }
    if (part.strip_right) {
      while (end > start && isBlank(text, end - 1)) {
        end--;
      }
    }
    return {
      text: text.slice(start, end),
      lead: Math.max(0, Math.min(lead, end) - start),
    };
  };
}

/** What is put in the place of a match comes from the match's last character. */
function replacer(pattern: unknown, content: string): Normalizer {
  const find = patternSpans(pattern);
  const { String: plain } = pattern as { String?: string };
  return ({ text, lead }) => {
    if (lead === 0 && plain !== undefined) {
      return { text: text.replaceAll(plain, () => content), lead };
    }
    let [out, start] = ["", 0];
    for (const [from, to, matched] of find(text)) {
      const piece = matched ? content : text.slice(from, to);
      if (!matched) start += Math.max(0, Math.min(lead, to) - from);
      else if (to <= lead) start += piece.length;
      out += piece;
    }
    return { text: out, lead: lead === 0 ? 0 : start };
  };
}

import { BERT_WORD } from "./bert_text.ts";
import { byteLetters } from "./byte_letters.ts";
import { onigurumaToJs } from "./oniguruma.ts";
import {
  type Behavior,
  BEHAVIORS,
  type FindSpans,
  invertSpans,
  patternSpans,
  regexSpans,
  splitStretch,
  textSpans,
} from "./pattern.ts";
import { cut, prepend, type Stretch } from "./stretch.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";
import { BLANK, every, NUMERIC, PUNCT, WORD } from "./unicode_sets.ts";

/** Cuts a clean stretch into words. */
export interface PreTokenizer {
  /** The words of a stretch, made as they are asked for. */
  split(stretch: Stretch): Iterable<Stretch>;
  /** Where it is so simple: what matches this is a word, the rest is dropped. */
  words?: RegExp;
}

/**
 * The function of a `pre_tokenizer`.
 *
 * @throws {Error} If it, or one in it, is of a kind unknown here.
 */
export function preTokenizerOf(part: TokenizerPart): PreTokenizer {
  switch (part.type) {
    case "Sequence": {
      const steps = (part.pretokenizers as TokenizerPart[]).map(preTokenizerOf);
      return steps.length === 1 ? steps[0]! : { split: inTurn(steps) };
    }
    case "BertPreTokenizer":
      return byWords(BERT_WORD);
    case "Whitespace":
      return byWords(new RegExp(`[${WORD}]+|[^${WORD}${BLANK}]+`, "gv"));
    case "WhitespaceSplit":
      return byWords(new RegExp(`[^${BLANK}]+`, "gv"));
    case "Punctuation":
      return splitting(regexSpans(every(PUNCT)), part.behavior ?? "Isolated");
    case "Digits":
      return splitting(
        regexSpans(every(NUMERIC)),
        part.individual_digits ? "Isolated" : "Contiguous",
      );
    case "CharDelimiterSplit":
      return splitting(textSpans(oneCharacter(part, "delimiter")), "Removed");
    case "Split": {
      const find = patternSpans(part.pattern);
      return splitting(part.invert ? invertSpans(find) : find, part.behavior);
    }
    case "FixedLength":
      return fixedLength(part);
    case "Metaspace":
      return metaspace(part);
    case "ByteLevel":
      return byteLevel(part);
    default:
      throw new Error(`Unknown PreTokenizer type: ${part.type}`);
  }
}

/** Whether a part asks where the raw text begins. */
export function asksForStart(part: TokenizerPart | null): boolean {
  const inner = part?.pretokenizers as TokenizerPart[] | undefined;
  return inner?.some(asksForStart) ?? part?.prepend_scheme === "first";
}

function byWords(words: RegExp): PreTokenizer {
  return {
    words,
    *split(stretch) {
      for (const { index, 0: word } of stretch.text.matchAll(words)) {
        yield cut(stretch, index, index + word.length);
      }
    },
  };
}

function splitting(find: FindSpans, behavior: unknown): PreTokenizer {
  if (!BEHAVIORS.includes(behavior as Behavior)) {
    throw new Error(
      `the behavior of a split must be one of ${BEHAVIORS.join(", ")}`,
    );
  }
  return {
    split: (stretch) =>
      splitStretch(stretch, find(stretch.text), behavior as Behavior),
  };
}

function inTurn(steps: readonly PreTokenizer[]): PreTokenizer["split"] {
  return function* split(stretch, step = 0): Generator<Stretch> {
    if (step === steps.length) yield stretch;
    else {
      for (const piece of steps[step]!.split(stretch)) {
        yield* (split as Step)(piece, step + 1);
      }
    }
  };
}

type Step = (stretch: Stretch, step: number) => Iterable<Stretch>;

function fixedLength(part: TokenizerPart): PreTokenizer {
  const length = (part.length as number | undefined) ?? 5;
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new Error("length of FixedLength must be an integer > 0");
  }
  const chunk = new RegExp(`[^]{1,${length}}`, "gv");
  return splitting(regexSpans(chunk), "Isolated");
}

function oneCharacter(part: TokenizerPart, field: string): string {
  const text = part[field];
  if (typeof text === "string" && [...text].length === 1) return text;
  throw new Error(`${field} of ${part.type} must be one character`);
}

const SCHEMES = ["first", "never", "always"];

function metaspace(part: TokenizerPart): PreTokenizer {
  const mark = oneCharacter(part, "replacement");
  const scheme = part.prepend_scheme ?? "always";
  if (!SCHEMES.includes(scheme as string)) {
    throw new Error(`prepend_scheme must be one of ${SCHEMES.join(", ")}`);
  }
  if (part.add_prefix_space === false && scheme !== "never") {
    throw new Error("add_prefix_space does not match the prepend_scheme");
  }
  const marks = textSpans(mark);
  return {
    *split({ text, lead }) {
      let stretch = {
        text: text.replaceAll(" ", () => mark),
        // One more unit a space, where the mark has two.
        lead: text.slice(0, lead).replaceAll(" ", () => mark).length,
      };
      const wanted = scheme === "always" || (scheme === "first" && lead > 0);
      if (wanted && !stretch.text.startsWith(mark)) {
        stretch = prepend(mark, stretch);
      }
      if (part.split === false) yield stretch;
      else yield* splitStretch(stretch, marks(stretch.text), "MergedWithNext");
    },
  };
}

/** GPT-2's: contractions, letters, numbers, others, blanks. */
const GPT2 =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevel(part: TokenizerPart): PreTokenizer {
  const spaced = part.add_prefix_space ?? true;
  const find = (part.use_regex ?? true)
    ? regexSpans(new RegExp(onigurumaToJs(GPT2).js, "gv"))
    : undefined;
  return {
    *split(stretch) {
      if (spaced && !stretch.text.startsWith(" ")) {
        stretch = prepend(" ", stretch);
      }
      const pieces = find
        ? splitStretch(stretch, find(stretch.text), "Isolated")
        : [stretch];
      for (const { text, lead } of pieces) {
        const start = byteLetters(text.slice(0, lead)).length;
        yield { text: byteLetters(text), lead: start };
      }
    },
  };
}

import { cut, type Stretch } from "./stretch.ts";
import type { TokenizerPart } from "../tokenizer_json.ts";

/** Units of a text that are cleaned at once. */
const CHUNK = 2048;

/** A place that stays one whatever is done to the characters around it. */
const SAFE = /(?<=[0-9A-Za-z]) /g;

/**
 * A long stretch in pieces that can be cleaned one by one, so that no work goes
 * into what lies behind the limit. They end where a blank follows an ASCII
 * letter or digit: nothing composes over that, nor is it within a cluster.
 */
export function* chunksOf(stretch: Stretch): Generator<Stretch> {
  let done = 0;
  const { length } = stretch.text;
  while (length - done > CHUNK) {
    SAFE.lastIndex = done + CHUNK;
    const end = SAFE.exec(stretch.text)?.index;
    if (end === undefined) break;
    yield cut(stretch, done, end);
    done = end;
  }
  yield cut(stretch, done, length);
}

const BY_CHARACTER = [
  "BertNormalizer",
  "NFC",
  "NFD",
  "NFKC",
  "NFKD",
  "Lowercase",
  "StripAccents",
  "Nmt",
  "Precompiled",
];
const DROPS_BLANKS = ["BertPreTokenizer", "Whitespace", "WhitespaceSplit"];

/** Whether cleaning and cutting chunks gives what the whole text gives. */
export function goesByChunks(
  normalizer: TokenizerPart | null,
  preTokenizer: TokenizerPart | null,
): boolean {
  const steps = normalizer?.type === "Sequence"
    ? normalizer.normalizers as TokenizerPart[]
    : normalizer
    ? [normalizer]
    : [];
  const first = preTokenizer?.type === "Sequence"
    ? (preTokenizer.pretokenizers as TokenizerPart[])[0]
    : preTokenizer;
  return steps.every(({ type }) => BY_CHARACTER.includes(type)) &&
    DROPS_BLANKS.includes(first?.type ?? "");
}

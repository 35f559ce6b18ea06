import fc from "fast-check";
import type { TokenizerJson } from "../../../lib/model/mod.ts";
import { HARD_TEXTS } from "./_hard_texts.ts";

type Json = Record<string, unknown>;

const bool = fc.boolean();
const regexes = fc.constantFrom(
  "\\s+",
  "[a-z]",
  "\\p{L}+|\\p{N}{1,3}",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\s+(?!\\S)|\\s+",
  "[一-龥぀-ゟ゠-ヿ]+",
  " {2,}",
  "\\w+|[^\\w\\s]+",
  "\\b",
  "^a|b$",
  "(?<=a)b|(?<!a)c",
  "(?>a+)b|\\p{Nd}++",
  "[[:alpha:]&&[^aeiou]]+",
  "x*",
  "\\R",
  "(a)\\1",
  "$",
  "[-+.\\]]",
  ".",
  "(?m:.)\\n",
  "\\Aa|z\\z|\\h{2}",
);
const strings = fc.constantFrom(
  " ",
  "a",
  "an",
  "'",
  "é",
  "$&",
  ".",
  "中",
  "𠀀",
  "-",
  "\n",
  "▁",
  "",
);
const contents = fc.constantFrom(
  "",
  " ",
  "▁",
  "$&",
  "$1",
  "x y",
  "中",
  "é",
  "𠀀",
);
const pattern = fc.oneof(
  fc.record({ String: strings }),
  fc.record({ Regex: regexes }),
);
const behavior = fc.constantFrom(
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
);
const mark = fc.constantFrom("▁", "_", "𠀀", "é");

const normalizer: fc.Arbitrary<Json> = fc.oneof(
  fc.record({
    type: fc.constant("BertNormalizer"),
    clean_text: bool,
    handle_chinese_chars: bool,
    strip_accents: fc.constantFrom(true, false, null),
    lowercase: bool,
  }),
  fc.constantFrom(
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Lowercase",
    "StripAccents",
    "Nmt",
    "ByteLevel",
  )
    .map((type) => ({ type })),
  fc.record({
    type: fc.constant("Strip"),
    strip_left: bool,
    strip_right: bool,
  }),
  fc.record({ type: fc.constant("Prepend"), prepend: contents }),
  fc.record({ type: fc.constant("Replace"), pattern, content: contents }),
);

const preTokenizer: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(
    "BertPreTokenizer",
    "Whitespace",
    "WhitespaceSplit",
    "UnicodeScripts",
  )
    .map((type) => ({ type })),
  fc.record({
    type: fc.constant("ByteLevel"),
    add_prefix_space: bool,
    trim_offsets: bool,
    use_regex: bool,
  }),
  fc.record({
    type: fc.constant("Metaspace"),
    replacement: mark,
    prepend_scheme: fc.constantFrom("first", "never", "always"),
    split: bool,
  }),
  fc.record({ type: fc.constant("Split"), pattern, behavior, invert: bool }),
  fc.record({ type: fc.constant("Punctuation"), behavior }),
  fc.record({ type: fc.constant("Digits"), individual_digits: bool }),
  fc.record({
    type: fc.constant("CharDelimiterSplit"),
    delimiter: fc.constantFrom(" ", "a", "中", "\n", "𠀀"),
  }),
  fc.record({
    type: fc.constant("FixedLength"),
    length: fc.integer({ min: 1, max: 7 }),
  }),
);

const inSequence = (part: fc.Arbitrary<Json>, type: string, field: string) =>
  fc.oneof(
    fc.constant(null),
    part,
    part,
    fc.array(part, { minLength: 0, maxLength: 3 })
      .map((parts) => ({ type, [field]: parts })),
  );

/** Pieces of the hard texts, as they are and as parts leave them. */
const piece: fc.Arbitrary<string> = fc.record({
  text: fc.constantFrom(
    ...HARD_TEXTS.map((text) => text.toWellFormed()).filter((t) => t !== ""),
  ),
  at: fc.nat(200),
  length: fc.integer({ min: 1, max: 4 }),
  form: fc.constantFrom(
    "as it is",
    "as it is",
    "lower",
    "NFD",
    "NFKC",
    "letters",
    "marked",
  ),
}).map(({ text, at, length, form }) => {
  const letters = [...text];
  const start = at % letters.length;
  const own = letters.slice(start, start + length).join("");
  switch (form) {
    case "lower":
      return own.toLowerCase();
    case "NFD":
    case "NFKC":
      return own.normalize(form);
    case "letters":
      return own.replaceAll(" ", "Ġ");
    case "marked":
      return own.replaceAll(" ", "▁");
    default:
      return own;
  }
});

const ALPHABET = [..."abcdeghilmnorstuvwxyzABCDIMST'.,-▁Ġ Â0123456789中é"];
const pieces = fc.uniqueArray(piece, { minLength: 40, maxLength: 160 })
  .chain((some) =>
    fc.subarray(ALPHABET, { minLength: 10 })
      .map((letters) => [...new Set([...some, ...letters])])
  );
const bytes = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);

const idsOf = (tokens: readonly string[]) =>
  Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));

const SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"];

const wordPiece = fc.record({
  tokens: pieces,
  prefix: fc.constantFrom("##", "##", "@", ""),
  longest: fc.constantFrom(100, 100, 5),
}).map(({ tokens, prefix, longest }) => ({
  type: "WordPiece",
  unk_token: "<unk>",
  continuing_subword_prefix: prefix,
  max_input_chars_per_word: longest,
  vocab: idsOf([...SPECIAL, ...tokens, ...tokens.map((t) => prefix + t)]),
}));

const wordLevel = pieces.map((tokens) => ({
  type: "WordLevel",
  unk_token: "<unk>",
  vocab: idsOf([...SPECIAL, ...tokens]),
}));

const bpe = fc.record({
  tokens: pieces,
  joins: fc.array(fc.tuple(fc.nat(), fc.nat()), {
    minLength: 20,
    maxLength: 120,
  }),
  prefix: fc.constantFrom(null, null, "", "##"),
  suffix: fc.constantFrom(null, null, "", "</w>"),
  unknown: fc.constantFrom("<unk>", "<unk>", null),
  fuse_unk: bool,
  byte_fallback: bool,
  hasBytes: bool,
  ignore_merges: bool,
  listed: bool,
}).map(
  ({ tokens, joins, prefix, suffix, unknown, hasBytes, listed, ...rest }) => {
    const letters = [...new Set(tokens.flatMap((token) => [...token]))];
    const continued = prefix ? letters.map((letter) => prefix + letter) : [];
    const ended = suffix
      ? letters.slice(0, 20).map((letter) => letter + suffix)
      : [];
    const known = [...letters, ...continued, ...ended];
    const merges: [string, string][] = [];
    for (const [a, b] of joins) {
      const left = known[a % known.length]!;
      const right = known[b % known.length]!;
      if (prefix && !right.startsWith(prefix)) continue;
      if (listed === false && /\s/u.test(left + right)) continue;
      merges.push([left, right]);
      known.push(left + right.slice(prefix?.length ?? 0));
    }
    return {
      type: "BPE",
      dropout: null,
      unk_token: unknown,
      continuing_subword_prefix: prefix,
      end_of_word_suffix: suffix,
      ...rest,
      vocab: idsOf([
        ...SPECIAL,
        ...(hasBytes ? bytes : []),
        ...known,
        ...tokens,
      ]),
      merges: listed ? merges : merges.map((pair) => pair.join(" ")),
    };
  },
);

const unigram = fc.record({
  tokens: pieces,
  scores: fc.array(fc.integer({ min: -60, max: 0 }), {
    minLength: 600,
    maxLength: 600,
  }),
  unknown: fc.constantFrom(1, 1, 1, null),
  byte_fallback: bool,
  hasBytes: bool,
}).map(({ tokens, scores, unknown, byte_fallback, hasBytes }) => ({
  type: "Unigram",
  unk_id: unknown,
  byte_fallback,
  vocab: [...new Set([...SPECIAL, ...(hasBytes ? bytes : []), ...tokens])]
    // Quarters, so that sums of scores are exact and ties are ties.
    .map((token, i) => [token, scores[i % scores.length]! / 4]),
}));

const added = fc.array(
  fc.record({
    content: fc.constantFrom(
      "[MASK]",
      "<X>",
      "cat",
      "Cat",
      " x",
      "中",
      "é",
      "ab",
      "AB",
      "half ",
      "aA",
    ),
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
  }),
  { maxLength: 4 },
);

const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const A = { Sequence: { id: "A", type_id: 0 } };
const template = {
  type: "TemplateProcessing",
  single: [token("<s>"), A, token("</s>")],
  pair: [token("<s>"), A, token("</s>"), { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: {
    "<s>": { id: "<s>", ids: [2], tokens: ["<s>"] },
    "</s>": { id: "</s>", ids: [3, 3], tokens: ["</s>", "</s>"] },
  },
};
const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: true,
  trim_offsets: true,
  use_regex: true,
};
const processor = fc.constantFrom(
  null,
  template,
  { type: "BertProcessing", sep: ["</s>", 3], cls: ["<s>", 2] },
  {
    type: "RobertaProcessing",
    sep: ["</s>", 3],
    cls: ["<s>", 2],
    trim_offsets: true,
    add_prefix_space: false,
  },
  byteLevel,
  { type: "Sequence", processors: [byteLevel, template] },
  { type: "Sequence", processors: [] },
);

const decoder = fc.oneof(
  fc.constant(null),
  fc.constantFrom(
    byteLevel,
    { type: "WordPiece", prefix: "##", cleanup: true },
    { type: "BPEDecoder", suffix: "</w>" },
    {
      type: "Metaspace",
      replacement: "▁",
      prepend_scheme: "always",
      split: true,
    },
    {
      type: "Metaspace",
      replacement: "▁",
      prepend_scheme: "never",
      split: true,
    },
    {
      type: "CTC",
      pad_token: "<pad>",
      word_delimiter_token: "|",
      cleanup: true,
    },
    {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
  ),
);

/** A `tokenizer.json` of any parts, with a vocabulary made of the hard texts. */
export const randomTokenizer: fc.Arbitrary<TokenizerJson> = fc.record({
  version: fc.constant("1.0"),
  truncation: fc.constant(null),
  padding: fc.constant(null),
  more: added,
  normalizer: inSequence(normalizer, "Sequence", "normalizers"),
  pre_tokenizer: inSequence(preTokenizer, "Sequence", "pretokenizers"),
  post_processor: processor,
  decoder,
  model: fc.oneof(wordPiece, wordLevel, bpe, unigram),
}).map(({ more, ...parts }) => {
  const plain = {
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
  const tokens = [
    ...SPECIAL.map((content) => ({ content, ...plain })),
    ...new Map(more.map((one) => [one.content, one])).values(),
  ];
  return {
    ...parts,
    added_tokens: tokens.map((one, id) => ({ id, ...one })),
  } as unknown as TokenizerJson;
});

import type { Piece } from "./parts/post_processor.ts";
import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { specialToken } from "./files.ts";
import type { TokenizerKind } from "./tokenizer_class.ts";
import type { TokenizerJson, TokenizerPart } from "./tokenizer_json.ts";

/** Settings of `tokenizer_config.json` that classes make parts of. */
const Settings = z.looseObject({
  do_lower_case: z.boolean().optional(),
  tokenize_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullable().default(null),
  keep_accents: z.boolean().default(false),
  split_by_punct: z.boolean().default(false),
  unk_id: z.int().nonnegative().optional(),
  add_prefix_space: z.boolean().nullish(),
  legacy: z.boolean().nullish(),
});

type Config = z.infer<typeof Settings>;

/** Whether a class can take a file's vocabulary. */
export function fitsClass(
  kind: TokenizerKind,
  { model }: TokenizerJson,
): boolean {
  const { needs } = CLASSES[kind];
  return (model.type ?? needs) === needs;
}

/** What a class puts in the place of a file's parts. */
type Parts = Partial<TokenizerJson>;

/**
 * The parts of a `tokenizer.json` that a class of transformers 5 makes itself,
 * from the vocabulary and `tokenizer_config.json`.
 *
 * @throws {Error} If a setting is of another type, or the vocabulary is of
 * another model than the class has.
 */
export function classParts(
  kind: TokenizerKind,
  json: TokenizerJson,
  settings: Record<string, unknown>,
): Parts {
  const { data, error } = Settings.safeParse(settings);
  if (error) {
    throw new Error(
      `in tokenizer_config.json ${describeIssue(error.issues[0]!, settings)}`,
    );
  }
  const { needs, parts } = CLASSES[kind];
  if (!fitsClass(kind, json)) {
    throw new Error(
      `its tokenizer_class needs a vocabulary of ${needs}: got ${json.model.type}`,
    );
  }
  return parts(json, data);
}

interface Class {
  /** Type of the model. */
  needs: string;
  parts: (json: TokenizerJson, config: Config) => Parts;
}

const CLASSES: Readonly<Record<TokenizerKind, Class>> = {
  bert: {
    needs: "WordPiece",
    parts: (json, config) => ({
      ...bertParts(json, config),
      post_processor: around(config, ["cls_token", "[CLS]"], [
        "sep_token",
        "[SEP]",
      ]),
    }),
  },
  mpnet: {
    needs: "WordPiece",
    parts: (json, config) => ({
      ...bertParts(json, config),
      post_processor: around(config, ["cls_token", "<s>"], [
        "sep_token",
        "</s>",
      ]),
    }),
  },
  roberta: {
    needs: "BPE",
    parts: (json, config) => ({
      normalizer: null,
      pre_tokenizer: {
        type: "ByteLevel",
        add_prefix_space: config.add_prefix_space ?? false,
        use_regex: true,
      },
      model: bytePairs(json, { fuse_unk: false }),
      post_processor: around(config, ["cls_token", "<s>"], [
        "sep_token",
        "</s>",
      ]),
    }),
  },
  "xlm-roberta": {
    needs: "Unigram",
    parts: (json, config) => ({
      normalizer: charsmap(json),
      pre_tokenizer: sentencePieces(config),
      model: { ...json.model, unk_id: 3, byte_fallback: false },
      post_processor: around(config, ["bos_token", "<s>"], [
        "eos_token",
        "</s>",
      ]),
    }),
  },
  camembert: {
    needs: "Unigram",
    parts: (json, config) => ({
      normalizer: charsmap(json),
      pre_tokenizer: sentencePieces(config),
      model: {
        ...json.model,
        unk_id: Math.max(0, placeOf(json, config, ["unk_token", "<unk>"])),
        byte_fallback: false,
      },
      post_processor: around(config, ["bos_token", "<s>"], [
        "eos_token",
        "</s>",
      ]),
    }),
  },
  albert: {
    needs: "Unigram",
    parts: (json, config) => ({
      normalizer: albertNormalizer(json, config),
      pre_tokenizer: sentencePieces(config),
      model: { ...json.model, unk_id: 1, byte_fallback: false },
      post_processor: json.post_processor ??
        around(config, ["cls_token", "[CLS]"], ["sep_token", "[SEP]"]),
    }),
  },
  "deberta-v2": {
    needs: "Unigram",
    parts: (json, config) => ({
      ...debertaParts(json, config),
      post_processor: around(config, ["cls_token", "[CLS]"], [
        "sep_token",
        "[SEP]",
      ]),
    }),
  },
  t5: {
    needs: "Unigram",
    parts: (json, config) => ({
      normalizer: charsmap(json),
      pre_tokenizer: sentencePieces({ ...config, add_prefix_space: true }),
      model: { ...json.model, unk_id: 2, byte_fallback: false },
      post_processor: template([], ["</s>"]),
    }),
  },
  llama: {
    needs: "BPE",
    parts: (json, { add_prefix_space, legacy }) => ({
      normalizer: null,
      pre_tokenizer: {
        type: "Metaspace",
        replacement: "▁",
        prepend_scheme: !(add_prefix_space ?? true)
          ? "never"
          : legacy
          ? "always"
          : "first",
        split: false,
      },
      model: bytePairs(json, { fuse_unk: true, byte_fallback: true }),
    }),
  },
  gemma: {
    needs: "BPE",
    parts: (json, config) => ({
      normalizer: {
        type: "Replace",
        pattern: { String: " " },
        content: "▁",
      },
      pre_tokenizer: {
        type: "Split",
        pattern: { String: " " },
        behavior: "MergedWithPrevious",
        invert: false,
      },
      model: bytePairs(json, {
        fuse_unk: true,
        byte_fallback: true,
        unk_token: named(config, ["unk_token", "<unk>"]),
      }),
    }),
  },
  qwen2: {
    needs: "BPE",
    parts: (json, config) => ({
      normalizer: { type: "NFC" },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [{
          type: "Split",
          pattern: { Regex: QWEN_WORDS },
          behavior: "Isolated",
          invert: false,
        }, {
          type: "ByteLevel",
          add_prefix_space: config.add_prefix_space ?? false,
          use_regex: false,
        }],
      },
      model: bytePairs(json, { fuse_unk: false }),
    }),
  },
};

/** Qwen 2's words: contractions, letters, single digits, others, blanks. */
const QWEN_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** A special token's name in the configuration, and its usual text. */
type Role = readonly [name: string, usual: string];

function named(config: Config, [name, usual]: Role): string {
  return specialToken(config[name]) ?? usual;
}

/**
 * One token before a text and one after it. Of a pair, BERT's relatives tell the
 * second text by its type, RoBERTa's by two tokens between the texts.
 */
function around(config: Config, before: Role, after: Role): TokenizerPart {
  const [start, end] = [named(config, before), named(config, after)];
  const type = before[1] === "[CLS]" ? 1 : 0;
  return {
    ...template([start], [end]),
    pair: [
      ...piecesOf([start], "A", [end]),
      ...piecesOf(type === 1 ? [] : [end], "B", [end], type),
    ],
  };
}

/** A template whose tokens have the ids of the vocabulary. */
function template(
  before: readonly string[],
  after: readonly string[],
): TokenizerPart {
  const single = piecesOf(before, "A", after);
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, ...piecesOf([], "B", after)],
    special_tokens: {},
  };
}

/** A text with what is around it, all of one type. */
function piecesOf(
  before: readonly string[],
  text: "A" | "B",
  after: readonly string[],
  type_id = 0,
): Piece[] {
  const token = (id: string) => ({ SpecialToken: { id, type_id } });
  return [
    ...before.map(token),
    { Sequence: { id: text, type_id } },
    ...after.map(token),
  ];
}

function bertParts(json: TokenizerJson, config: Config): Parts {
  return {
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars,
      strip_accents: config.strip_accents,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      unk_token: named(config, ["unk_token", "[UNK]"]),
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: json.model.vocab,
    },
  };
}

function bytePairs(
  { model }: TokenizerJson,
  options: Record<string, unknown>,
): TokenizerPart {
  return { type: "BPE", vocab: model.vocab, merges: model.merges, ...options };
}

/** The first map of characters in the file's normalizer, if there is one. */
function charsmap({ normalizer }: TokenizerJson): TokenizerPart | null {
  const steps = normalizer?.type === "Sequence"
    ? normalizer.normalizers as TokenizerPart[]
    : normalizer
    ? [normalizer]
    : [];
  return steps.find(({ type }) => type === "Precompiled") ?? null;
}

function sentencePieces({ add_prefix_space }: Config): TokenizerPart {
  return {
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, {
      type: "Metaspace",
      replacement: "▁",
      prepend_scheme: add_prefix_space ?? true ? "always" : "never",
      split: true,
    }],
  };
}

function albertNormalizer(
  json: TokenizerJson,
  { keep_accents, do_lower_case }: Config,
): TokenizerPart {
  const replace = (from: string) => ({
    type: "Replace",
    pattern: { String: from },
    content: '"',
  });
  const map = charsmap(json);
  return {
    type: "Sequence",
    normalizers: [
      replace("``"),
      replace("''"),
      ...keep_accents ? [] : [{ type: "NFKD" }, { type: "StripAccents" }],
      ...do_lower_case ?? true ? [{ type: "Lowercase" }] : [],
      ...map ? [map] : [],
    ],
  };
}

function debertaParts(json: TokenizerJson, config: Config): Parts {
  const { do_lower_case, split_by_punct, add_prefix_space } = config;
  const unknown = named(config, ["unk_token", "[UNK]"]);
  const place = (json.model.vocab as [string, number][])
    .findIndex(([text, score]) => text === unknown && score === 0);
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [
        ...do_lower_case ? [{ type: "Lowercase" }] : [],
        {
          type: "Replace",
          pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" },
          content: " ",
        },
        { type: "NFC" },
        { type: "Strip", strip_left: false, strip_right: true },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        ...split_by_punct
          ? [{ type: "Punctuation", behavior: "Isolated" }]
          : [],
        {
          type: "Metaspace",
          replacement: "▁",
          prepend_scheme: add_prefix_space ?? true ? "always" : "first",
          split: true,
        },
      ],
    },
    model: {
      ...json.model,
      unk_id: place < 0 ? config.unk_id ?? 1 : place,
      byte_fallback: false,
    },
  };
}

/** Place of a special token among a list of tokens and scores. */
function placeOf(json: TokenizerJson, config: Config, role: Role): number {
  const token = named(config, role);
  return (json.model.vocab as [string, number][])
    .findIndex(([text]) => text === token);
}

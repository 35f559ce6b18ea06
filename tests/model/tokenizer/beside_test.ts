import assert from "node:assert/strict";
import fc from "fast-check";
import { loadTokenizer } from "../../../lib/model/mod.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { fromFileUrl } from "../../_paths.ts";

import { HARD_TEXTS } from "./_hard_texts.ts";
import { randomTokenizer } from "./_random_tokenizer.ts";

type Json = Record<string, unknown>;

/** Files of a folder, by name. */
type Files = Record<string, Json>;

const LIMIT = 7;
const TEXTS = HARD_TEXTS.filter((text) => text.isWellFormed());

interface Answer {
  error?: string;
  ids?: number[][];
  cut?: number[][];
}

async function ask(folders: readonly string[]): Promise<Answer[]> {
  const child = new Deno.Command(TORCH_PYTHON, {
    args: [fromFileUrl(new URL("./_as_transformers.py", import.meta.url))],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const job = JSON.stringify({ folders, texts: TEXTS, limit: LIMIT });
  await new Blob([job]).stream().pipeTo(child.stdin);
  const { stdout, stderr, success } = await output;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** A folder's files for a message. */
function withoutVocabulary(files: Files): string {
  return JSON.stringify(
    files,
    (name, value) => name === "vocab" || name === "merges" ? undefined : value,
  );
}

/** There a Qwen's class reads any vocabulary; ours are taken as they are. */
function isNonsense(files: Files): boolean {
  const { model } = files["tokenizer.json"] as { model: Json };
  return files["config.json"]!.model_type === "qwen2" && model.type !== "BPE" &&
    files["tokenizer_config.json"]!.tokenizer_class !== undefined;
}

/** How many folders gave the same ids; throws at one that didn't. */
async function compare(cases: readonly Files[]): Promise<number> {
  const root = await Deno.makeTempDir();
  try {
    const folders = cases.map((_, i) => `${root}/${i}`);
    for (const [i, files] of cases.entries()) {
      await Deno.mkdir(folders[i]!);
      for (const [name, content] of Object.entries(files)) {
        await Deno.writeTextFile(
          `${folders[i]}/${name}`,
          JSON.stringify(content),
        );
      }
    }
    const answers = await ask(folders);
    let same = 0;
    for (const [i, answer] of answers.entries()) {
      const tokenizer = await loadTokenizer(folders[i]!).catch((error) => {
        assert.match(error.message, /^Cannot load /);
        assert.doesNotMatch(error.message, /lacks a field/);
      });
      if (isNonsense(cases[i]!)) continue;
      if (!tokenizer || answer.error !== undefined) continue;
      const what = withoutVocabulary(cases[i]!);
      TEXTS.forEach((text, t) => {
        const about = `${JSON.stringify(text)} by ${what}`;
        const { ids } = tokenizer.encode([text]);
        assert.deepEqual(ids[0], answer.ids![t], about);
        const cut = tokenizer.encode([text], { maxLength: LIMIT });
        assert.deepEqual(cut.ids[0], answer.cut![t], `${about}, cut`);
      });
      same++;
    }
    return same;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const maybe = <T>(...values: T[]) =>
  fc.constantFrom(undefined, undefined, ...values);

/** Classes by the model that they have a vocabulary of. */
const CLASSES: Record<string, string[]> = {
  WordPiece: [
    "BertTokenizer",
    "BertTokenizerFast",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MPNetTokenizer",
  ],
  BPE: [
    "RobertaTokenizer",
    "RobertaTokenizerFast",
    "LlamaTokenizer",
    "GemmaTokenizer",
    "Qwen2Tokenizer",
  ],
  Unigram: [
    "XLMRobertaTokenizer",
    "CamembertTokenizer",
    "AlbertTokenizer",
    "T5Tokenizer",
  ],
  WordLevel: ["NoSuchTokenizer"],
};

const config: fc.Arbitrary<Json> = fc.record({
  do_lower_case: maybe(true, false),
  strip_accents: maybe(true, false, null),
  tokenize_chinese_chars: maybe(true, false),
  keep_accents: maybe(true, false),
  add_prefix_space: maybe(true, false),
  legacy: maybe(true, false),
  add_eos_token: maybe(true, false),
  add_bos_token: maybe(true, false),
  truncation_side: maybe("left", "right"),
  additional_special_tokens: maybe(["a"], ["é", "中"]),
});

const MODEL_TYPES = [
  "bert",
  "distilbert",
  "electra",
  "mpnet",
  "roberta",
  "xlm-roberta",
  "camembert",
  "albert",
  "t5",
  "llama",
  "mistral",
  "gemma2",
  "gemma3_text",
  "qwen2",
  "qwen3",
];

const roles: Json = {
  unk_token: "<unk>",
  pad_token: "<pad>",
  cls_token: "<s>",
  bos_token: "<s>",
  sep_token: "</s>",
  eos_token: "</s>",
  mask_token: "<unk>",
};

const folder: fc.Arbitrary<Files> = fc.record({
  json: randomTokenizer,
  config,
  modelType: fc.constantFrom(...MODEL_TYPES),
  place: fc.nat(),
  fast: fc.boolean(),
  direction: maybe("Left", "Right"),
  map: fc.boolean(),
}).map(({ json, config, modelType, place, fast, direction, map }) => ({
  "tokenizer.json": {
    ...json,
    truncation: direction
      ? { direction, max_length: 9, strategy: "LongestFirst", stride: 0 }
      : null,
  },
  "tokenizer_config.json": {
    ...roles,
    ...config,
    ...map && { sep_token: "<pad>" },
    tokenizer_class: fast && place % 4 === 0
      ? "PreTrainedTokenizerFast"
      : CLASSES[json.model.type]!.concat(undefined!)[
        place % (CLASSES[json.model.type]!.length + 1)
      ],
  },
  ...map && { "special_tokens_map.json": roles },
  "config.json": { model_type: modelType },
}));

Deno.test({
  name:
    "random folders give the ids of transformers' AutoTokenizer, or are refused by name",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    const cases = fc.sample(folder, { numRuns: 250, seed: 5 });
    const same = await compare(cases);
    assert.ok(same > 100, `${same} of ${cases.length} ran on both sides`);
  },
});

/** Folders of Qwen2's class, some of whose special tokens are added with flags. */
const qwen: fc.Arbitrary<Files> = fc.record({
  folder: folder.filter((files) => modelOf(files).type === "BPE"),
  flags: fc.record({
    single_word: fc.boolean(),
    lstrip: fc.boolean(),
    rstrip: fc.boolean(),
  }),
}).map(({ folder, flags }) => {
  const json = folder["tokenizer.json"]!;
  const added = json.added_tokens as { content: string; id: number }[];
  const next = 1 + Math.max(0, ...added.map(({ id }) => id));
  const special = { ...flags, normalized: false, special: true };
  return {
    ...folder,
    "tokenizer.json": {
      ...json,
      added_tokens: added.some(({ content }) => content === "中")
        ? added
        : [...added, { id: next, content: "中", ...special }],
    },
    "tokenizer_config.json": {
      ...folder["tokenizer_config.json"],
      additional_special_tokens: ["é", "中"],
      tokenizer_class: "Qwen2Tokenizer",
    },
    "config.json": { model_type: "qwen2" },
  };
});

Deno.test({
  name: "Qwen2's class adds its special tokens anew, without their flags",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    const cases = fc.sample(qwen, { numRuns: 30, seed: 5 });
    const same = await compare(cases);
    assert.ok(same > 15, `${same} of ${cases.length} ran on both sides`);
  },
});

/** Folders of DeBERTa's class, whose vocabulary may score its unknown token. */
const deberta: fc.Arbitrary<Files> = fc.record({
  folder: folder.filter((files) => modelOf(files).type === "Unigram"),
  more: fc.record({
    do_lower_case: maybe(true, false),
    split_by_punct: maybe(true, false),
    unk_id: maybe(0, 2),
  }),
  scored: fc.boolean(),
}).map(({ folder, more, scored }) => {
  const json = folder["tokenizer.json"]!;
  const { vocab, ...model } = modelOf(folder);
  const unscored = (vocab as [string, number][]).map((
    [text, score],
  ) => [text, text === "<unk>" && !scored ? 0 : score]);
  return {
    ...folder,
    "tokenizer.json": { ...json, model: { ...model, vocab: unscored } },
    "tokenizer_config.json": {
      ...folder["tokenizer_config.json"],
      ...more,
      additional_special_tokens: undefined,
      tokenizer_class: "DebertaV2Tokenizer",
    },
    "config.json": { model_type: "deberta-v2" },
  };
});

function modelOf(files: Files): Json {
  return (files["tokenizer.json"] as { model: Json }).model;
}

Deno.test({
  name: "random folders of DeBERTa give the ids of transformers' class",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    const cases = fc.sample(deberta, { numRuns: 30, seed: 5 });
    const same = await compare(cases);
    assert.ok(same > 15, `${same} of ${cases.length} ran on both sides`);
  },
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createTokenizer,
  loadTokenizer,
  type TokenizerJson,
} from "../../../lib/model/tokenizer/tokenizer.ts";
import { padBatch } from "../../../lib/model/tokenizer/token_batch.ts";
import { ROOT } from "../../_paths.ts";
import { readShared, shared, withShared } from "../../_shared.ts";

const BERT = "fixtures/models/checkpoints/bert-tiny";
const MINILM = `${ROOT}.cache/models/all-MiniLM-L6-v2`;

/** A BERT tokenizer with these words and pieces after the special tokens. */
function bert(
  pieces: readonly string[],
  change: Partial<TokenizerJson> = {},
): TokenizerJson {
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const text = { Sequence: { id: "A", type_id: 0 } };
  return {
    added_tokens: special.map((content, id) => ({
      id,
      content,
      special: true,
    })),
    normalizer: { type: "BertNormalizer", lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [token("[CLS]"), text, token("[SEP]")],
      pair: [token("[CLS]"), text, token("[SEP]")],
      special_tokens: {},
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      vocab: Object.fromEntries(
        [...special, ...pieces].map((piece, id) => [piece, id]),
      ),
    },
    ...change,
  };
}

/** Ids of one text without special tokens. */
function ids(json: TokenizerJson, text: string): number[] {
  return createTokenizer(json).encode([text], { specialTokens: false }).ids[0]!;
}

Deno.test("encode() takes the longest piece first, worked by hand", () => {
  const json = bert(["un", "##aff", "##able", "##a", "unaff", "!", "##1"]);
  const at = (piece: string) =>
    (json.model.vocab as Record<string, number>)[piece]!;
  assert.deepEqual(ids(json, "Unaffable!"), [
    at("unaff"),
    at("##able"),
    at("!"),
  ]);
  // One unknown piece makes the whole word unknown.
  assert.deepEqual(ids(json, "unaffx un"), [1, at("un")]);
  assert.deepEqual(ids(json, "un1 Únà"), [
    at("un"),
    at("##1"),
    at("un"),
    at("##a"),
  ]);
});

Deno.test("encode() cleans text as the reference does, not as JavaScript would", () => {
  // The final sigma, a Chinese character beyond U+FFFF, and code points, not
  // units, in the length of a word.
  const json = bert(["οδοσ", "𠀀", "a", "##a", "😀", "##😀"]);
  assert.deepEqual(ids(json, "ΟΔΟΣ"), [5]);
  assert.deepEqual(ids(json, "a𠀀a"), [7, 6, 7]);
  assert.equal(ids(json, "😀".repeat(100)).length, 100);
  assert.deepEqual(ids(json, "😀".repeat(101)), [1]);
  // Deleted inside a word: next line, zero-width, soft hyphen, NUL.
  assert.deepEqual(ids(json, "a\u0085a\u200B\u00AD\0\uFEFF"), [7, 8]);
  assert.deepEqual(ids(json, "a\u3000a\ta\u2028a"), [7, 7, 7, 7]);
});

Deno.test("added tokens are taken from the raw text", () => {
  const json = bert(["mask", "[", "]", "a"]);
  assert.deepEqual(ids(json, "a[MASK]a"), [8, 4, 8]);
  assert.deepEqual(ids(json, "[mask]"), [6, 5, 7]);
  // The longest of two that begin alike.
  const two = bert(["a"]);
  two.added_tokens.push({ id: 6, content: "<x>", special: true });
  two.added_tokens.push({ id: 7, content: "<x>>", special: true });
  assert.deepEqual(ids(two, "a<x>>a<x>a"), [5, 7, 5, 6, 5]);
});

Deno.test("each normalizer option changes something", () => {
  const pieces = ["a", "A", "é", "e", "中", "中文", "文", "a\u200Ba"];
  const by = (options: Record<string, unknown>, text: string) =>
    ids(
      bert(pieces, { normalizer: { type: "BertNormalizer", ...options } }),
      text,
    );
  assert.deepEqual(by({}, "A"), [5]);
  assert.deepEqual(by({ lowercase: false }, "A"), [6]);
  assert.deepEqual(by({}, "É"), [8]);
  assert.deepEqual(by({ strip_accents: false }, "É"), [7]);
  assert.deepEqual(by({ lowercase: false }, "é"), [7]);
  assert.deepEqual(by({ lowercase: false, strip_accents: true }, "é"), [8]);
  assert.deepEqual(by({}, "中文"), [9, 11]);
  assert.deepEqual(by({ handle_chinese_chars: false }, "中文"), [10]);
  assert.deepEqual(by({ clean_text: false }, "a\u200Ba"), [12]);
  assert.deepEqual(
    ids(
      bert(pieces, {
        normalizer: {
          type: "Sequence",
          normalizers: [{ type: "NFKC" }, { type: "BertNormalizer" }],
        },
      }),
      "Ａ",
    ),
    [5],
  );
});

Deno.test("maxLength cuts the text, never the special tokens", () => {
  const tokenizer = createTokenizer(bert(["a", "b", "##b"]));
  const cut = (maxLength: number) =>
    tokenizer.encode(["a b abb"], { maxLength }).ids[0];
  assert.deepEqual(cut(7), [2, 5, 6, 5, 7, 7, 3]);
  assert.deepEqual(cut(6), [2, 5, 6, 5, 7, 3]); // inside a word
  assert.deepEqual(cut(3), [2, 5, 3]);
  assert.deepEqual(cut(2), [2, 3]);
  assert.throws(() => cut(1), /^RangeError: .* at least 2, .*: got 1$/);
  assert.throws(() => cut(NaN), /^RangeError/);
  assert.deepEqual(
    tokenizer.encode(["a b"], { maxLength: 1, specialTokens: false }).ids,
    [[5]],
  );
  assert.throws(
    () => tokenizer.encode([], { maxLength: 0, specialTokens: false }),
    RangeError,
  );
});

Deno.test("cutting early gives the front of the whole", () => {
  const tokenizer = createTokenizer(bert(["a", "b", "##b", "##a", "-"]));
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "-", "[SEP]") }),
      fc.integer({ min: 2, max: 12 }),
      (text, maxLength) => {
        const { ids: [whole] } = tokenizer.encode([text]);
        const { ids: [cut] } = tokenizer.encode([text], { maxLength });
        assert.deepEqual(
          cut,
          [...whole!.slice(0, -1).slice(0, maxLength - 1), 3],
        );
      },
    ),
  );
});

Deno.test("stored truncation and padding are ignored", () => {
  const plain = createTokenizer(bert(["a"])).encode(["a a a"]);
  const stored = createTokenizer(bert(["a"], {
    truncation: { max_length: 3, strategy: "LongestFirst", stride: 0 },
    padding: { strategy: { Fixed: 128 }, pad_id: 0 },
  })).encode(["a a a"]);
  assert.deepEqual(stored, plain);
});

Deno.test("words met before and after the cache is full give the same ids", () => {
  const digits = [..."0123456789"].flatMap((d) => [d, `##${d}`]);
  const tokenizer = createTokenizer(bert(digits));
  const words = Array.from({ length: 70_000 }, (_, i) => `${i}`);
  const first = tokenizer.encode([words.join(" ")]).ids[0]!;
  assert.equal(first.length, 2 + words.join("").length);
  assert.deepEqual(tokenizer.encode([words.join(" ")]).ids[0], first);
});

Deno.test("vocabSize counts ids, decode() skips special tokens", () => {
  const json = bert(["low", "##er", "."]);
  // The next free id, whatever the file says: the reference does so.
  json.added_tokens.push({ id: 11, content: "[Q]", special: true });
  const tokenizer = createTokenizer(json);
  assert.equal(tokenizer.vocabSize, 9);
  assert.equal(tokenizer.padId, 0);
  assert.equal(tokenizer.tokenId("[Q]"), 8);
  assert.equal(tokenizer.tokenId("none"), undefined);
  const { ids: [row] } = tokenizer.encode(["[Q] Lower low."]);
  assert.equal(tokenizer.decode(row!), "lower low.");
  assert.equal(tokenizer.decode([]), "");
  assert.deepEqual(
    createTokenizer(tokenizer.toJSON()).encode(["[Q] low"]).ids,
    [
      [2, 8, 5, 3],
    ],
  );
});

Deno.test("a tokenizer made here saves and loads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const made = createTokenizer(bert(["low", "##er"]));
    await made.save(`${folder}/x`);
    const loaded = await loadTokenizer(`${folder}/x`);
    assert.deepEqual(loaded.encode(["lower"]), made.encode(["lower"]));
    const config = JSON.parse(
      await Deno.readTextFile(`${folder}/x/tokenizer_config.json`),
    );
    assert.equal(config.pad_token, "[PAD]");
    assert.equal(config.tokenizer_class, "PreTrainedTokenizerFast");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bad tokenizers are refused in one line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(
      () => loadTokenizer(folder),
      (error: Error) =>
        error instanceof Deno.errors.NotFound &&
        /^Cannot load a tokenizer from .*no tokenizer.json/.test(error.message),
    );
    const whole = bert(["a"]);
    const { unk_token: _, ...model } = whole.model;
    for (
      const [content, error] of [
        ["{", /must be a JSON object/],
        ["[]", /must be a JSON object/],
        [{ ...whole, model: 3 }, /model must be/],
        [{ ...whole, normalizer: "x" }, /normalizer must be/],
        [
          { ...whole, normalizer: { type: "Odd" } },
          /Unknown Normalizer type: Odd/,
        ],
        [
          { ...whole, added_tokens: [{ id: -1, content: "x" }] },
          /added_tokens/,
        ],
        [{ ...whole, model: { ...model, vocab: { a: "0" } } }, /integers/],
        [{ ...whole, model: { ...model, vocab: { a: 0 } } }, /"\[UNK\]"/],
        [{
          ...whole,
          added_tokens: [],
          model: { ...model, vocab: { "[UNK]": 0 } },
        }, /post_processor/],
        [{
          ...whole,
          added_tokens: [],
          post_processor: null,
          model: { ...model, unk_token: "u", vocab: { u: 0 } },
        }, /no padding token/],
      ] as const
    ) {
      await Deno.writeTextFile(
        `${folder}/tokenizer.json`,
        typeof content === "string" ? content : JSON.stringify(content),
      );
      await assert.rejects(() => loadTokenizer(folder), (thrown: Error) => {
        assert.ok(thrown instanceof SyntaxError, String(thrown));
        assert.match(
          thrown.message,
          /^Cannot load [^\n]*tokenizer.json: [^\n]*$/,
        );
        assert.match(thrown.message, error);
        return true;
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

interface Case {
  text: string;
  ids: number[];
  ids_with_special: number[];
}

for (
  const name of [
    "bert-tiny",
    "mpnet-tiny",
    "roberta-tiny",
    "qwen2-tiny",
    "qwen3-tiny",
    "llama-tiny",
    "mistral-tiny",
    "gemma2-tiny",
    "gemma3-tiny",
  ]
) {
  withShared(
    `all strings of ${name} tokenize as the reference does`,
    async () => {
      const place = `fixtures/models/checkpoints/${name}`;
      const tokenizer = await loadTokenizer(shared(place));
      const { cases } = readShared(`${place}/tokenization.json`);
      assert.ok(cases.length >= 70);
      for (const { text, ids, ids_with_special } of cases as Case[]) {
        const plain = tokenizer.encode([text], { specialTokens: false }).ids[0];
        assert.deepEqual(plain, ids, JSON.stringify(text));
        assert.deepEqual(tokenizer.encode([text]).ids[0], ids_with_special);
      }
    },
  );
}

withShared("batches of bert-tiny pad as the reference does", async () => {
  const tokenizer = await loadTokenizer(shared(BERT));
  const { texts, batches } = readShared(`${BERT}/expected.json`);
  const { input_ids, attention_mask } = batches[0];
  const { ids } = tokenizer.encode(Object.values(texts), { maxLength: 32 });
  const padded = padBatch(ids, { padId: tokenizer.padId });
  assert.equal(padded.length, 32);
  assert.deepEqual([...padded.ids], input_ids.flat());
  assert.deepEqual([...padded.mask], attention_mask.flat());
});

withShared("a loaded tokenizer saves its files byte for byte", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await (await loadTokenizer(shared(BERT))).save(folder);
    for (
      const name of [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
      ]
    ) {
      assert.deepEqual(
        await Deno.readFile(`${folder}/${name}`),
        await Deno.readFile(shared(`${BERT}/${name}`)),
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "all-MiniLM-L6-v2: the ids of 24 sentences, cut at 256",
  ignore: !exists(MINILM) || !exists(shared("fixtures/models/minilm.json")),
  fn: async () => {
    const { sentences, max_seq_length } = readShared(
      "fixtures/models/minilm.json",
    );
    const tokenizer = await loadTokenizer(MINILM);
    const { ids } = tokenizer.encode(
      sentences.map((s: { text: string }) => s.text),
      { maxLength: max_seq_length },
    );
    assert.deepEqual(
      ids,
      sentences.map((s: { input_ids: number[] }) => s.input_ids),
    );
  },
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("padBatch() fills up on the right, to a multiple", () => {
  const { ids, mask, batch, length } = padBatch([[1, 2, 3], [], [4]], {
    padId: 9,
    multipleOf: 4,
  });
  assert.deepEqual([batch, length], [3, 4]);
  assert.deepEqual([...ids], [1, 2, 3, 9, 9, 9, 9, 9, 4, 9, 9, 9]);
  assert.deepEqual([...mask], [1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
  assert.equal(padBatch([[]], { padId: 0 }).length, 1);
  assert.equal(padBatch([], { padId: 0 }).batch, 0);
  assert.throws(() => padBatch([[1]], { padId: 0, multipleOf: 0 }), RangeError);
  assert.throws(
    () => padBatch([[1]], { padId: 0, multipleOf: 1.5 }),
    RangeError,
  );
});

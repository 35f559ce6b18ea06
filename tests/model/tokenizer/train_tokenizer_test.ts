import assert from "node:assert/strict";
import fc from "fast-check";
import { learnPieces } from "../../../lib/model/tokenizer/wordpiece_trainer.ts";
import { createTokenizer } from "../../../lib/model/tokenizer/tokenizer.ts";
import {
  trainTokenizer,
  type TrainTokenizerOptions,
} from "../../../lib/model/tokenizer/train_tokenizer.ts";
import { compilerMessages } from "../_compiler_messages.ts";

function vocabOf(texts: Iterable<string>, options?: TrainTokenizerOptions) {
  return Object.entries(
    trainTokenizer(texts, options).model.vocab as Record<string, number>,
  ).sort(([, a], [, b]) => a - b).map(([piece]) => piece);
}

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

Deno.test("trainTokenizer() matches the joins worked by hand", () => {
  // ab occurs 3 times, abc 2 times; cb once, too rare to join.
  assert.deepEqual(vocabOf(["ab abc", "ABC", "cb"]), [
    ...SPECIAL,
    ...["a", "b", "c", "##a", "##b", "##c"],
    ...["ab", "abc"],
  ]);
  assert.deepEqual(
    vocabOf(["ab abc", "ABC", "cb"], { minFrequency: 1 }).slice(11),
    [
      "ab",
      "abc",
      "cb",
    ],
  );
  assert.deepEqual(
    vocabOf(["ab abc", "ABC", "cb"], { minFrequency: 3 }).slice(11),
    [
      "ab",
    ],
  );
});

Deno.test("trainTokenizer() breaks ties by the pair that sorts first", () => {
  assert.deepEqual(
    vocabOf(["xy ba ab", "ab xy ba"]).slice(-3),
    ["ab", "ba", "xy"],
  );
});

Deno.test("each option changes the vocabulary", () => {
  const texts = ["Ab ab, 中 中 文"];
  assert.ok(!vocabOf(texts).includes("A"));
  assert.ok(vocabOf(texts, { lowercase: false }).includes("A"));
  assert.equal(vocabOf(texts, { vocabSize: 10 }).length, 10);
  assert.equal(vocabOf(texts, { specialTokens: ["[Q]", "<d>"] })[6], "<d>");
  // 文 hangs on one character of text, the others on more.
  assert.ok(vocabOf(texts).includes("文"));
  assert.ok(!vocabOf(texts, { limitAlphabet: 3 }).includes("文"));
  // What always stands alone needs no continuing form.
  assert.ok(!vocabOf(texts).includes("##中"));
  assert.ok(!vocabOf(texts).includes("##,"));
});

Deno.test("characters that many words need go before frequent lone ones", () => {
  // q occurs twice, in words of ten letters; 中 and 文 three times, alone.
  const vocab = vocabOf(["qaaaaaaaaa qaaaaaaaaa 中中中文文文"], {
    limitAlphabet: 2,
  });
  assert.ok(
    vocab.includes("q") && vocab.includes("a") && !vocab.includes("中"),
  );
});

Deno.test("a character that takes two entries must be worth twice as much", () => {
  const kept = (text: string) => vocabOf([text], { limitAlphabet: 1 })[5];
  assert.equal(kept("q q q q 中 中 中"), "中");
  assert.equal(kept("q q q q q q q 中 中 中"), "q");
});

/** The same by counting all pairs anew for each join. */
function naivePieces(words: Map<string, number>, size: number, least: number) {
  const letters = [...new Set([...words.keys()].join(""))].sort();
  const pieces = [...letters, ...letters.map((l) => `##${l}`)];
  const rows = [...words].map(([word, count]) => ({
    row: [...word].map((l, i) => (i ? `##${l}` : l)),
    count,
  }));
  while (pieces.length < size) {
    const counts = new Map<string, number>();
    for (const { row, count } of rows) {
      for (let i = 1; i < row.length; i++) {
        const pair = `${row[i - 1]} ${row[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const best = [...counts].filter(([, n]) =>
      n >= least
    ).sort(([a, m], [b, n]) => {
      const [[a1, a2], [b1, b2]] = [a.split(" "), b.split(" ")];
      return n - m || (a1! < b1! ? -1 : a1! > b1! ? 1 : a2! < b2! ? -1 : 1);
    })[0];
    if (best === undefined) break;
    const [first, second] = best[0].split(" ");
    const joined = first! + second!.slice(2);
    if (!pieces.includes(joined)) pieces.push(joined);
    for (const { row } of rows) {
      for (let i = 0; i + 1 < row.length; i++) {
        if (row[i] === first && row[i + 1] === second) row.splice(i, 2, joined);
      }
    }
  }
  return pieces;
}

Deno.test("incremental counts give what counting anew gives", () => {
  const word = fc.string({
    unit: fc.constantFrom("a", "b", "c"),
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, fc.integer({ min: 1, max: 5 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.integer({ min: 6, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (list, size, minFrequency) => {
        const words = new Map(list);
        const got = learnPieces(words, {
          size,
          minFrequency,
          limitAlphabet: 99,
          alone: () => false,
        });
        assert.deepEqual(got, naivePieces(words, size, minFrequency));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("the order of the texts doesn't matter", () => {
  const texts = compilerMessages().cs!.slice(0, 300);
  const options = { vocabSize: 900 };
  assert.equal(
    JSON.stringify(trainTokenizer(texts, options)),
    JSON.stringify(trainTokenizer(texts.toReversed(), options)),
  );
});

Deno.test("8,000 entries cover 14 languages of held-out messages", () => {
  const train: string[] = [];
  const held: Record<string, string[]> = {};
  for (const [language, messages] of Object.entries(compilerMessages())) {
    held[language] = messages.filter((_, i) => i % 10 === 9);
    train.push(...messages.filter((_, i) => i % 10 !== 9));
  }
  assert.equal(Object.keys(held).length, 14);
  const tokenizer = createTokenizer(trainTokenizer(train));
  assert.equal(tokenizer.vocabSize, 8000);
  assert.deepEqual(
    SPECIAL.map((token) => tokenizer.tokenId(token)),
    [0, 1, 2, 3, 4],
  );
  for (const [language, messages] of Object.entries(held)) {
    const ids = tokenizer.encode(messages, { specialTokens: false }).ids.flat();
    const unknown = ids.filter((id) => id === 1).length / ids.length;
    assert.ok(unknown < 0.003, `${language}: ${unknown}`);
    // Far fewer tokens than letters, or it has learned nothing.
    const letters = messages.join("").length;
    const most = /^(zh|ja|ko)/.test(language) ? 1 : 0.4;
    assert.ok(
      ids.length < most * letters,
      `${language}: ${ids.length / letters}`,
    );
  }
  // Words of the training texts come back, up to NFKD and case.
  for (const text of ["cannot find module", "модуль", "オプション", "모듈을"]) {
    const { ids: [ids] } = tokenizer.encode([text]);
    assert.equal(
      tokenizer.decode(ids!).normalize("NFC").replaceAll(" ", ""),
      text.replaceAll(" ", ""),
    );
  }
});

Deno.test("long Thai runs are cut, not unknown", () => {
  const run = "ภาษาไทย".repeat(20);
  const tokenizer = createTokenizer(trainTokenizer([run]));
  assert.equal([...run].length, 140);
  assert.ok(!tokenizer.encode([run]).ids[0]!.includes(1));
});

Deno.test("no texts give special tokens alone", () => {
  assert.deepEqual(vocabOf([]), SPECIAL);
  assert.deepEqual(createTokenizer(trainTokenizer([])).encode(["a"]).ids, [
    [2, 1, 3],
  ]);
});

Deno.test("options out of range are refused", () => {
  for (
    const [options, error] of [
      [{ vocabSize: 5 }, /vocabSize must be an integer >= 6: got 5/],
      [{ vocabSize: 99.5 }, /vocabSize/],
      [{ minFrequency: 0 }, /minFrequency must be an integer >= 1: got 0/],
      [{ limitAlphabet: NaN }, /limitAlphabet .*: got NaN/],
      [{ specialTokens: ["query"] }, /specialTokens .*: got "query"/],
    ] as const
  ) {
    assert.throws(() => trainTokenizer(["a"], options), (thrown: Error) => {
      assert.ok(thrown instanceof RangeError);
      assert.match(thrown.message, /^Cannot train a tokenizer: /);
      assert.match(thrown.message, error);
      return true;
    });
  }
});

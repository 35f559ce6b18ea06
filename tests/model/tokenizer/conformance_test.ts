import assert from "node:assert/strict";
import fc from "fast-check";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { askReference, compare, type Job, type Tally } from "./_conform.ts";
import { HARD_TEXTS } from "./_hard_texts.ts";
import { randomTokenizer } from "./_random_tokenizer.ts";

const SHORT = HARD_TEXTS.filter((text) => text.length < 40);

/** Hard texts as they are, some of them joined, and one that is long. */
function textsFor(seed: number): string[] {
  const joined = fc.array(fc.constantFrom(...SHORT), {
    minLength: 1,
    maxLength: 4,
  }).map((some) => some.join(""));
  const long = fc.array(fc.constantFrom(...HARD_TEXTS), {
    minLength: 150,
    maxLength: 200,
  }).map((some) => some.join(seed % 2 ? "x " : ""));
  return [
    ...HARD_TEXTS,
    ...fc.sample(joined, { numRuns: 6, seed }),
    ...fc.sample(long, { numRuns: 1, seed }),
  ];
}

/** What a difference is, with all that it needs to be seen again. */
function shownDifference({ different: [first] }: Tally): string {
  const { job, text, what, want, got } = first!;
  return `${what} of ${JSON.stringify(text)}: want ${
    JSON.stringify(want)
  }, got ${JSON.stringify(got)} from ${JSON.stringify(job.json)}`;
}

Deno.test({
  name:
    "random tokenizers give the ids of Hugging Face's library in Rust, or are refused by name",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    const jobs: Job[] = fc.sample(randomTokenizer, { numRuns: 300, seed: 23 })
      .map((json, i) => ({ json, texts: textsFor(i), limit: 1 + i % 12 }));
    const tally = compare(jobs, await askReference(TORCH_PYTHON, jobs));
    assert.equal(
      tally.different.length,
      0,
      tally.different.length > 0 ? shownDifference(tally) : "",
    );
    for (const message of tally.refused) {
      assert.match(message, /^Cannot load a tokenizer from tokenizer\.json: ./);
      assert.doesNotMatch(message, /lacks a field/);
    }
    // Most must run, or this proves little.
    assert.ok(tally.equal > 240, `${tally.equal} of ${jobs.length} ran`);
  },
});

/** Words of 250,000 characters, as no blank ever comes. */
const LONG_WORDS = ["ab12".repeat(62_500), "日本👨‍👩‍👧é".repeat(25_000)];

const TOKENS = [
  "<unk>",
  "<pad>",
  ..."ab12日本é",
  "ab",
  "aa",
  "日本",
  "12ab",
];

const MODELS = {
  BPE: {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
    merges: [["a", "b"], ["a", "a"], ["日", "本"]],
  },
  Unigram: {
    type: "Unigram",
    unk_id: 0,
    vocab: TOKENS.map((token, id) => [token, -id / 4]),
  },
} as const;

Deno.test({
  name: "words of 250,000 characters give the reference's ids, too",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    const jobs = Object.values(MODELS).flatMap((model) =>
      [null, { type: "BertPreTokenizer" }, {
        type: "Split",
        pattern: { Regex: "\\p{L}+|[^\\p{L}]+" },
        behavior: "Isolated",
        invert: false,
      }].map((pre_tokenizer) => ({
        json: {
          version: "1.0",
          added_tokens: [{
            id: 0,
            content: "<unk>",
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
          }],
          normalizer: { type: "NFKC" },
          pre_tokenizer,
          post_processor: null,
          decoder: null,
          model,
        } as unknown as Job["json"],
        texts: LONG_WORDS,
        limit: 512,
      }))
    );
    const tally = compare(jobs, await askReference(TORCH_PYTHON, jobs));
    assert.equal(tally.equal, jobs.length, tally.refused[0]);
  },
});

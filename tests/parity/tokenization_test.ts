import assert from "node:assert/strict";
import { loadTokenizer } from "../../lib/model/mod.ts";
import { readShared, shared } from "../_shared.ts";
import { checkpointNames, CHECKPOINTS } from "./_checkpoint.ts";

interface Case {
  text: string;
  ids: number[];
  ids_with_special: number[];
}

for (const name of checkpointNames()) {
  Deno.test(`${name}: every text gives the reference's token ids`, async () => {
    const path = `${CHECKPOINTS}/${name}`;
    const tokenizer = await loadTokenizer(shared(path));
    const cases: Case[] = readShared(`${path}/tokenization.json`).cases;
    assert.ok(cases.length >= 8);
    const texts = cases.map(({ text }) => text);
    const plain = tokenizer.encode(texts, { specialTokens: false }).ids;
    const special = tokenizer.encode(texts).ids;
    cases.forEach(({ text, ids, ids_with_special }, i) => {
      assert.deepEqual(plain[i], ids, JSON.stringify(text));
      assert.deepEqual(special[i], ids_with_special, JSON.stringify(text));
    });
  });
}

/** Ends that the fixtures' README says the tokenizers lack, or have. */
const ENDS: Record<string, boolean> = {
  "bert-tiny": true,
  "gemma2-tiny": false,
  "llama-tiny": false,
  "mistral-tiny": false,
  "qwen2-tiny": false,
  "qwen3-tiny": true,
};

for (const [name, ends] of Object.entries(ENDS)) {
  Deno.test({
    name: `${name}: withEnd() ends every text, short, long or empty`,
    ignore: checkpointNames().length === 0,
    fn: async () => {
      const path = `${CHECKPOINTS}/${name}`;
      const tokenizer = await loadTokenizer(shared(path));
      const ended = tokenizer.withEnd()!;
      assert.equal(ended === tokenizer, ends);
      assert.equal(ended.withEnd(), ended);
      const { cases } = readShared(`${path}/tokenization.json`);
      const texts: string[] = cases.map(({ text }: Case) => text);
      const maxLength = 9;
      const before = tokenizer.encode(texts).ids;
      const whole = ended.encode(texts).ids;
      const cut = ended.encode(texts, { maxLength }).ids;
      const end = whole[0]!.at(-1)!;
      const eos = readShared(`${path}/config.json`).eos_token_id;
      if (!ends) assert.equal(end, eos);
      texts.forEach((text, i) => {
        const want = ends ? before[i]! : [...before[i]!, end];
        assert.deepEqual(whole[i], want, JSON.stringify(text));
        // Cut before the end token, which stays.
        assert.deepEqual(
          cut[i],
          want.length <= maxLength
            ? want
            : [...want.slice(0, maxLength - 1), want.at(-1)!],
          JSON.stringify(text),
        );
      });
    },
  });
}

import assert from "node:assert/strict";
import {
  Bm25,
  tokenizeMultilingual,
  tokenizeWords,
} from "../../../lib/search/mod.ts";
import { readShared, withShared } from "../../_shared.ts";

withShared("Bm25 scores as Lucene's formula does", () => {
  const file = readShared("fixtures/eval/bm25.json");
  for (const corpus of file.corpora) {
    const passages = corpus.docs.map((text: string, i: number) => ({
      id: `${i}`,
      text,
    }));
    corpus.doc_tokens?.forEach((tokens: string[], i: number) =>
      assert.deepEqual(tokenizeWords(corpus.docs[i]), tokens)
    );
    for (const { k1, b, results } of corpus.params) {
      const index = new Bm25(passages, { k1, b });
      for (const { query, matching_docs, top10, score_sum } of results) {
        const where = `${corpus.name} ${k1} ${b} "${query}"`;
        const found = index.search(query, 10);
        assert.deepEqual(
          [...found.rows],
          top10.map(([row]: number[]) => row),
          where,
        );
        top10.forEach(([, wanted]: number[], i: number) =>
          assert.ok(
            Math.abs(found.scores[i]! - wanted!) <= file.tolerance,
            where,
          )
        );
        const all = index.search(query, passages.length);
        assert.equal(all.rows.length, matching_docs, where);
        if (score_sum === undefined) continue;
        const sum = all.scores.reduce((x, y) => x + y, 0);
        // Each score is rounded to float32: relative error 2^-24.
        assert.ok(Math.abs(sum - score_sum) <= score_sum * 2 ** -24 + 1e-9);
      }
    }
  }
});

const PASSAGES = [
  { id: "d9", text: "river bridge" },
  { id: "d10", text: "river bridge" },
  { id: "e", title: "River", text: "mill" },
  { id: "f", text: "" },
];

Deno.test("Bm25 breaks ties by row in rows and by id in runs", () => {
  const index = new Bm25(PASSAGES);
  assert.deepEqual([...index.search("bridge", 9).rows], [0, 1]);
  assert.deepEqual([...index.search("bridge", 1).rows], [0]);
  const query = { id: "q", text: "bridge" };
  assert.deepEqual([...index.run([query], 9).get("q")!.keys()], ["d9", "d10"]);
  const renamed = [{ id: "a", text: "river bridge" }, ...PASSAGES];
  const best = new Bm25(renamed).run([query], 1).get("q")!;
  assert.deepEqual([...best.keys()], ["d9"]);
});

Deno.test("Bm25 searches titles, and finds nothing where nothing matches", () => {
  const index = new Bm25(PASSAGES);
  assert.ok(index.search("River", 9).rows.includes(2));
  assert.equal(index.search("", 9).rows.length, 0);
  assert.equal(index.search("unknown", 9).rows.length, 0);
  assert.equal(new Bm25([]).search("river", 9).rows.length, 0);
});

Deno.test("Bm25 gives the same answer after other searches", () => {
  const index = new Bm25(PASSAGES);
  const first = index.search("river mill", 9);
  index.search("bridge river river", 9);
  assert.deepEqual(index.search("river mill", 9), first);
});

Deno.test("every option of Bm25 changes something", () => {
  const passages = [
    { id: "a", text: "river river mill" },
    { id: "b", text: "river and a long tail of other words" },
  ];
  const scores = (options?: ConstructorParameters<typeof Bm25>[1]) =>
    new Bm25(passages, options).search("river", 9).scores.join();
  const plain = scores();
  assert.notEqual(scores({ k1: 1.2 }), plain);
  assert.notEqual(scores({ b: 0 }), plain);
  assert.notEqual(scores({ tokenize: (text) => [text.slice(0, 5)] }), plain);
});

Deno.test("Bm25 refuses parameters out of range", () => {
  assert.throws(() => new Bm25([], { k1: -1 }), {
    name: "RangeError",
    message: "Cannot index passages: k1 must be finite and at least 0: got -1",
  });
  assert.throws(() => new Bm25([], { b: 1.5 }), {
    name: "RangeError",
    message: "Cannot index passages: b must be from 0 to 1: got 1.5",
  });
  assert.throws(() => new Bm25(PASSAGES).search("river", 0), {
    name: "RangeError",
  });
});

Deno.test("tokenizeMultilingual() cuts scripts without blanks in pairs", () => {
  const cases: [string, string[]][] = [
    ["The River_2, a mill", ["the", "river_2", "mill"]],
    ["東京都に行く", ["東京", "京都", "都に", "に行", "行く"]],
    ["人", ["人"]],
    ["データ", ["デー", "ータ"]],
    ["서울에서 왔다", ["서울", "울에", "에서", "왔다"]],
    ["abc東京xyz", ["abc", "東京", "xyz"]],
    ["𠮷野家", ["𠮷野", "野家"]],
    // Vowel signs and tone marks stay with the letters they sit on.
    ["हिन्दी भाषा", ["हिन्दी", "भाषा"]],
    ["ที่นี่", ["ที่นี่"]],
    ["…!", []],
  ];
  for (const [text, tokens] of cases) {
    assert.deepEqual(tokenizeMultilingual(text), tokens, text);
  }
});

Deno.test("Bm25 scores given passages to the bit as a search does", () => {
  const index = new Bm25(PASSAGES);
  const queries = ["bridge bridge river", "mill", "tower"].map((text) => ({
    id: text,
    text,
  }));
  const all = PASSAGES.map(({ id }) => id);
  const asked = new Map(queries.map(({ id }) => [id, all]));
  const scored = index.score(queries, asked);
  const found = index.run(queries, all.length);
  for (const { id } of queries) {
    assert.deepEqual(
      [...scored.get(id)!].sort(),
      [...found.get(id)!].sort(),
      id,
    );
  }
  assert.equal(scored.get("tower")!.size, 0, "no shared token, no score");
  assert.equal(index.score(queries, new Map()).get("mill")!.size, 0);
  assert.throws(() => index.score(queries, new Map([["mill", ["gone"]]])), {
    name: "RangeError",
    message:
      'Cannot score query "mill": its passages must be indexed: got "gone"',
  });
});

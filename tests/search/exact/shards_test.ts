import assert from "node:assert/strict";
import fc from "fast-check";
import {
  embedPassages,
  exactSearch,
  mergeShards,
  parseShard,
  shardRange,
} from "../../../lib/search/mod.ts";
import { randomEmbeddings } from "../_reference.ts";

Deno.test("mergeShards() gives to the bit what one search of all gives", async () => {
  const shapes = fc.record({
    passages: fc.integer({ min: 1, max: 60 }),
    shards: fc.integer({ min: 1, max: 9 }),
    k: fc.integer({ min: 1, max: 20 }),
    seed: fc.integer(),
    levels: fc.constantFrom(undefined, 2), // two levels: ties abound
  });
  await fc.assert(fc.asyncProperty(shapes, async (s) => {
    const vectors = randomEmbeddings(s.passages, 3, s.seed, s.levels);
    const corpus = Array.from({ length: s.passages }, (_, i) => ({
      id: `p${i}`,
      text: `${i}`,
    }));
    const encode = (texts: readonly string[]) =>
      Promise.resolve({
        data: Float32Array.from(texts.flatMap((text) => [
          ...vectors.data.subarray(Number(text) * 3, Number(text) * 3 + 3),
        ])),
        count: texts.length,
        dimension: 3,
      });
    const queries = {
      ids: ["a", "b"],
      embeddings: randomEmbeddings(2, 3, s.seed + 1, s.levels),
    };
    const search = (shard?: { index: number; count: number }) =>
      exactSearch(queries, embedPassages(encode, corpus, { shard, chunk: 7 }), {
        k: s.k,
      });
    const parts = [];
    for (let index = 0; index < s.shards; index++) {
      parts.push(await search({ index, count: s.shards }));
    }
    const list = (run: Map<string, Map<string, number>>) =>
      [...run].map(([q, scores]) => [q, [...scores]]);
    assert.deepEqual(list(mergeShards(parts, s.k)), list(await search()));
  }));
});

Deno.test("shardRange() covers all rows once, as equally as can be", () => {
  fc.assert(fc.property(
    fc.nat({ max: 500 }),
    fc.integer({ min: 1, max: 40 }),
    (rows, count) => {
      let next = 0;
      for (let index = 0; index < count; index++) {
        const [from, to] = shardRange(rows, { index, count });
        assert.equal(from, next);
        assert.ok(Math.abs(to - from - rows / count) < 1);
        next = to;
      }
      assert.equal(next, rows);
    },
  ));
});

Deno.test("shards and merges name what they can't take", () => {
  const fails = (body: () => unknown, message: string) =>
    assert.throws(body, { name: "RangeError", message });
  for (const text of ["0/3", "4/3", "1", "1/0", "a/b", "1/3 "]) {
    fails(
      () => parseShard(text),
      `Cannot read shard "${text}": it must be i/n with 1 ≤ i ≤ n, for instance 2/8`,
    );
  }
  fails(
    () => shardRange(5, { index: 2, count: 2 }),
    "Cannot divide a corpus: a shard of 2 must be from 0 to 1: got 2",
  );
  fails(
    () => shardRange(5, { index: 0, count: 0 }),
    "Cannot divide a corpus: the number of shards must be an integer of at least 1: got 0",
  );
  const run = new Map([["q", new Map([["a", 1]])]]);
  fails(
    () => mergeShards([run, run], 3),
    'Cannot merge shards: each passage must be in one of them: got "a" twice for query "q"',
  );
  fails(
    () => mergeShards([run], 0),
    "Cannot merge shards: k must be an integer of at least 1: got 0",
  );
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type EmbeddedTexts,
  exactSearch,
  topK,
} from "../../../lib/search/mod.ts";
import { withShared } from "../../_shared.ts";
import {
  embeddings,
  randomEmbeddings,
  referenceSearch,
  score,
} from "../_reference.ts";

withShared("topK() finds what the reference search finds", async () => {
  const reference = referenceSearch();
  const { queries, passages, k, ids, scores } = reference;
  const { count, dimension } = queries;
  const found = await topK(queries, passages, { k });
  assert.equal(found.length, count);
  found.forEach((list, q) => {
    const range = [q * k, (q + 1) * k];
    assert.deepEqual(list.rows, ids.slice(...range), `query ${q}`);
    const norm = Math.hypot(
      ...queries.data.subarray(q * dimension, (q + 1) * dimension),
    );
    const tolerance = reference.tolerance * norm;
    scores.slice(...range).forEach((wanted, i) => {
      assert.ok(Math.abs(list.scores[i]! - wanted) <= tolerance);
    });
  });
});

Deno.test("topK() equals sorting all scores, ties by row", async () => {
  const shapes = fc.record({
    q: fc.integer({ min: 1, max: 9 }),
    p: fc.integer({ min: 1, max: 200 }),
    d: fc.integer({ min: 1, max: 7 }),
    k: fc.integer({ min: 1, max: 220 }),
    cut: fc.integer({ min: 1, max: 60 }),
    seed: fc.integer(),
    levels: fc.constantFrom(undefined, 3),
  });
  await fc.assert(fc.asyncProperty(shapes, async (s) => {
    const queries = randomEmbeddings(s.q, s.d, s.seed, s.levels);
    const passages = randomEmbeddings(s.p, s.d, s.seed + 1, s.levels);
    const found = await topK(queries, inChunks(passages, s.cut), { k: s.k });
    for (let q = 0; q < s.q; q++) {
      const wanted = Array.from({ length: s.p }, (_, p) => ({
        p,
        score: score(queries, q, passages, p),
      })).sort((a, b) => b.score - a.score || a.p - b.p).slice(0, s.k);
      assert.deepEqual([...found[q]!.rows], wanted.map((w) => w.p));
      // Both sum in float64 over the dimensions in order: equal to the bit.
      assert.deepEqual([...found[q]!.scores], wanted.map((w) => w.score));
    }
  }));
});

Deno.test("topK() is the same past the borders of its blocks", async () => {
  const queries = randomEmbeddings(67, 5, 1, 3);
  const passages = randomEmbeddings(1027, 5, 2, 3);
  const found = await topK(queries, passages, { k: 30 });
  for (const q of [0, 63, 64, 66]) {
    const wanted = Array.from({ length: 1027 }, (_, p) => p).sort((a, b) =>
      score(queries, q, passages, b) - score(queries, q, passages, a) || a - b
    );
    assert.deepEqual([...found[q]!.rows], wanted.slice(0, 30));
  }
});

Deno.test("topK() takes its scores from multiply", async () => {
  const queries = randomEmbeddings(3, 4, 3);
  const passages = randomEmbeddings(50, 4, 4);
  let calls = 0;
  const given = await topK(queries, passages, {
    k: 5,
    multiply: (a, b) => {
      calls++;
      const out = new Float32Array(a.count * b.count);
      for (let i = 0; i < out.length; i++) {
        out[i] = -score(a, Math.floor(i / b.count), b, i % b.count);
      }
      return Promise.resolve(out);
    },
  });
  assert.equal(calls, 1);
  const own = await topK(queries, passages, { k: 50 });
  assert.deepEqual(
    given.map((list) => [...list.rows]),
    own.map((list) => [...list.rows].reverse().slice(0, 5)),
  );
});

Deno.test("exactSearch() breaks ties by id, descending, also at the cut", async () => {
  const passages = {
    ids: ["b", "d10", "d9", "\u{1F600}", "\uFF5E", "a"],
    embeddings: embeddings([[1], [1], [1], [1], [1], [2]]),
  };
  const run = await exactSearch(
    { ids: ["q"], embeddings: embeddings([[0.5]]) },
    passages,
    { k: 4 },
  );
  assert.deepEqual([...run.get("q")!.keys()], [
    "a",
    "\u{1F600}",
    "\uFF5E",
    "d9",
  ]);
});

Deno.test("exactSearch() doesn't depend on order or chunks of the corpus", async () => {
  const vectors = randomEmbeddings(90, 3, 7, 3);
  const ids = Array.from({ length: 90 }, (_, i) => `p${i}`);
  const queries = {
    ids: ["x", "y"],
    embeddings: randomEmbeddings(2, 3, 8, 3),
  };
  const whole = await exactSearch(queries, { ids, embeddings: vectors }, {
    k: 11,
  });
  const reversed: EmbeddedTexts[] = [];
  for (let p = 89; p >= 0; p--) {
    reversed.push({
      ids: [ids[p]!],
      embeddings: {
        data: vectors.data.slice(p * 3, p * 3 + 3),
        count: 1,
        dimension: 3,
      },
    });
  }
  const other = await exactSearch(queries, reversed, { k: 11 });
  assert.deepEqual(list(other), list(whole));
  assert.equal(whole.get("x")!.size, 11);
});

Deno.test("exactSearch() returns the whole corpus if k is larger", async () => {
  const run = await exactSearch(
    { ids: ["q"], embeddings: embeddings([[1]]) },
    { ids: ["a", "b"], embeddings: embeddings([[1], [2]]) },
    { k: 1000 },
  );
  assert.deepEqual([...run.get("q")!], [["b", 2], ["a", 1]]);
});

Deno.test("exactSearch() names what it can't search", async () => {
  const queries = { ids: ["q"], embeddings: embeddings([[1, 2]]) };
  const passages = {
    ids: ["a", "b"],
    embeddings: embeddings([[1, 2], [3, 4]]),
  };
  const fails = (
    parts: { q?: EmbeddedTexts; p?: EmbeddedTexts; k?: number },
    message: string,
  ) =>
    assert.rejects(
      () =>
        exactSearch(parts.q ?? queries, parts.p ?? passages, {
          k: parts.k ?? 1,
        }),
      { name: "RangeError", message },
    );
  await fails(
    { k: 0 },
    "Cannot search: k must be an integer of at least 1: got 0",
  );
  await fails(
    { k: 1.5 },
    "Cannot search: k must be an integer of at least 1: got 1.5",
  );
  await fails(
    { q: { ids: ["q"], embeddings: embeddings([[1]]) } },
    "Cannot search: passages must have the dimension of the queries, 1: got 2",
  );
  await fails(
    { p: { ids: ["a", "b"], embeddings: embeddings([[1, 2], [3, NaN]]) } },
    'Cannot search: the embedding of passage row 1 (id "b") must be finite: got NaN at dimension 1',
  );
  await fails(
    { q: { ids: ["q"], embeddings: embeddings([[-Infinity, 2]]) } },
    'Cannot search: the embedding of query row 0 (id "q") must be finite: got -Infinity at dimension 0',
  );
  await fails(
    { p: { ids: ["a", "a"], embeddings: passages.embeddings } },
    'Cannot search: passage ids must differ: got "a" twice',
  );
  await fails(
    { p: { ids: ["a"], embeddings: passages.embeddings } },
    "Cannot search: 2 passage embeddings must have as many ids: got 1",
  );
  await fails(
    {
      p: {
        ids: ["a"],
        embeddings: { data: new Float32Array(3), count: 1, dimension: 2 },
      },
    },
    "Cannot search: passage embeddings of 1 × 2 must hold 2 values: got 3",
  );
  await assert.rejects(
    () =>
      exactSearch(queries, passages, {
        k: 1,
        multiply: () => Float32Array.of(1, NaN),
      }),
    {
      name: "RangeError",
      message:
        'Cannot search: the score of query row 0 (id "q") and passage row 1 (id "b") must be a number: got NaN',
    },
  );
  await assert.rejects(
    () =>
      exactSearch(queries, passages, {
        k: 1,
        multiply: () => Float32Array.of(1),
      }),
    { message: "Cannot search: multiply must return 1 × 2 scores: got 1" },
  );
});

Deno.test("exactSearch() stops on a signal and tells its progress", async () => {
  const queries = { ids: ["q"], embeddings: embeddings([[1]]) };
  const passages = { ids: ["a", "b"], embeddings: embeddings([[1], [2]]) };
  const seen: number[] = [];
  await exactSearch(queries, passages, {
    k: 1,
    onProgress: (n) => seen.push(n),
  });
  assert.deepEqual(seen, [2]);
  await assert.rejects(
    () => exactSearch(queries, passages, { k: 1, signal: AbortSignal.abort() }),
    { name: "AbortError" },
  );
});

async function* inChunks(all: ReturnType<typeof embeddings>, size: number) {
  for (let p = 0; p < all.count; p += size) {
    const data = all.data.slice(p * all.dimension, (p + size) * all.dimension);
    yield await Promise.resolve({
      data,
      count: data.length / all.dimension,
      dimension: all.dimension,
    });
  }
}

function list(run: Map<string, Map<string, number>>) {
  return [...run].map(([id, scores]) => [id, [...scores]]);
}

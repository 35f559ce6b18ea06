import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { kthLargest } from "../../../lib/backend/nearest/candidate_list.ts";
import { nearestRows } from "../../../lib/backend/mod.ts";
import { ExactIndex, exactSearch, topK } from "../../../lib/search/mod.ts";
import { onBackends } from "../../_backends.ts";
import { hasShared } from "../../_shared.ts";
import { randomEmbeddings, referenceSearch } from "../../search/_reference.ts";

const PRECISIONS = ["float32", "bfloat16", "int16", "auto"] as const;

onBackends("nearestRows() misses no row, whatever ties and signs", async () => {
  const shapes = fc.record({
    q: fc.integer({ min: 1, max: 6 }),
    p: fc.integer({ min: 1, max: 400 }),
    d: fc.integer({ min: 1, max: 40 }),
    k: fc.integer({ min: 1, max: 60 }),
    seed: fc.integer(),
    levels: fc.constantFrom(undefined, 3),
    scale: fc.constantFrom(1, 1e-3, 300, 1e-20, 1e18),
    shift: fc.constantFrom(0, -1),
    precision: fc.constantFrom(...PRECISIONS),
  });
  await fc.assert(
    fc.asyncProperty(shapes, async (s) => {
      const vectors = (count: number, seed: number) => {
        const all = randomEmbeddings(count, s.d, seed, s.levels);
        return {
          ...all,
          data: all.data.map((x) => (x + s.shift) * s.scale),
        };
      };
      const queries = vectors(s.q, s.seed);
      // All products are negative if one side is turned round.
      queries.data.forEach((x, i) => queries.data[i] = s.shift ? -x : x);
      const passages = vectors(s.p, s.seed + 1);
      const wanted = await topK(queries, passages, { k: s.k });
      const found = await topK(queries, passages, {
        k: s.k,
        prepare: (rows) => nearestRows(rows, { precision: s.precision }),
      });
      assert.deepEqual(found, wanted);
    }),
    { numRuns: 60 },
  );
});

onBackends(
  "nearestRows() tells rows apart that rounding brings together",
  async () => {
    // All rows lie within a few roundings of one another: by the rounded scores
    // alone, the wrong ones would be taken.
    const one = randomEmbeddings(1, 48, 7).data;
    const off = randomEmbeddings(600, 48, 8);
    for (const size of [1e-2, 1e-3, 1e-6]) {
      const passages = {
        ...off,
        data: off.data.map((x, i) => one[i % 48]! + size * x),
      };
      const queries = randomEmbeddings(20, 48, 9);
      const wanted = await topK(queries, passages, { k: 10 });
      for (const precision of PRECISIONS) {
        const prepare = (rows: typeof off) => nearestRows(rows, { precision });
        assert.deepEqual(
          await topK(queries, passages, { k: 10, prepare }),
          wanted,
        );
      }
    }
  },
);

onBackends(
  "nearestRows() finds the same through many blocks and chunks",
  async () => {
    // More than one block of 16,384, and a last group that isn't whole.
    const queries = randomEmbeddings(9, 24, 1);
    const passages = randomEmbeddings(33_333, 24, 2);
    const parts = [0, 20_001, 33_333].slice(1).map((end, i) => {
      const from = i === 0 ? 0 : 20_001;
      return {
        data: passages.data.subarray(from * 24, end * 24),
        count: end - from,
        dimension: 24,
      };
    });
    const wanted = await topK(queries, passages, { k: 30 });
    for (const precision of PRECISIONS) {
      const prepare = (rows: typeof queries) =>
        nearestRows(rows, { precision });
      assert.deepEqual(
        await topK(queries, passages, { k: 30, prepare }),
        wanted,
      );
      assert.deepEqual(await topK(queries, parts, { k: 30, prepare }), wanted);
    }
  },
);

onBackends("nearestRows() names few rows, and frees what it took", async () => {
  const queries = randomEmbeddings(20, 64, 1);
  const passages = randomEmbeddings(20_000, 64, 2);
  const bars = new Float32Array(20).fill(-Infinity);
  const before = tf.memory().numTensors;
  for (const precision of PRECISIONS) {
    const rows = nearestRows(passages, { precision });
    const found = await rows.candidates(queries, 10, bars);
    const count = found.reduce((sum, list) => sum + list.length, 0);
    // bfloat16 leaves some in doubt: 14 a query here.
    assert.ok(count >= 200 && count < 20 * 40, `${precision}: ${count}`);
    const high = await rows.candidates(queries, 10, bars.map(() => 1e9));
    assert.deepEqual(high.map((list) => list.length), Array(20).fill(0));
    rows.dispose();
  }
  assert.equal(tf.memory().numTensors, before);
});

// Where it's absent, exact_search_test.ts reports a test as skipped.
if (hasShared()) {
  onBackends(
    "topK() with nearestRows() finds what the reference search finds",
    async () => {
      const { queries, passages, k, ids } = referenceSearch();
      for (const precision of PRECISIONS) {
        const found = await topK(queries, passages, {
          k,
          prepare: (rows) => nearestRows(rows, { precision }),
        });
        found.forEach(({ rows }, q) =>
          assert.deepEqual(rows, ids.slice(q * k, (q + 1) * k))
        );
      }
    },
  );
}

onBackends(
  "ExactIndex equals exactSearch() and serves many requests",
  async () => {
    const passages = {
      ids: Array.from({ length: 500 }, (_, i) => `p${i}`),
      embeddings: randomEmbeddings(500, 8, 3, 3),
    };
    const before = tf.memory().numTensors;
    for (const dtype of ["f32", "bf16"] as const) {
      using index = new ExactIndex({ prepare: nearestRows, dtype });
      index.add({
        ids: passages.ids.slice(0, 200),
        embeddings: {
          data: passages.embeddings.data.subarray(0, 1600),
          count: 200,
          dimension: 8,
        },
      });
      index.add({
        ids: passages.ids.slice(200),
        embeddings: {
          data: passages.embeddings.data.subarray(1600),
          count: 300,
          dimension: 8,
        },
      });
      assert.equal(index.size, 500);
      for (const seed of [5, 6]) {
        const queries = {
          ids: ["a", "b", "c"],
          embeddings: randomEmbeddings(3, 8, seed),
        };
        const wanted = await exactSearch(queries, passages, { k: 20, dtype });
        const found = await index.search(queries, 20);
        const list = (run: typeof found) =>
          [...run].map(([q, m]) => [q, [...m]]);
        assert.deepEqual(list(found), list(wanted));
      }
    }
    assert.equal(tf.memory().numTensors, before);
  },
);

Deno.test("kthLargest() is what sorting gives", () => {
  fc.assert(fc.property(
    fc.array(
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.float({ noNaN: true })),
      {
        minLength: 1,
      },
    ),
    fc.nat(),
    (values, at) => {
      const all = Float32Array.from(values);
      const k = at % all.length + 1;
      // 0 and -0 are the same number, in either order.
      const wanted = all.toSorted().at(-k)!;
      assert.equal(kthLargest(all, k) + 0, wanted + 0);
    },
  ));
});

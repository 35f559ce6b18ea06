import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { native } from "../../lib/backend/native_state.ts";
import { findInstallation } from "../../lib/backend/setup/tensorflow.ts";
import {
  type BackendName,
  nearestRows,
  useBackend,
} from "../../lib/backend/mod.ts";
import { scoreRows } from "../../lib/search/exact/score_rows.ts";
import { type RankedRows, topK } from "../../lib/search/mod.ts";
import { onBackends } from "../_backends.ts";
import { randomEmbeddings } from "../search/_reference.ts";

const PRECISIONS = ["float32", "bfloat16", "int16"] as const;
const ignore = !findInstallation();

type Rows = ReturnType<typeof randomEmbeddings>;

/** The same search with compiled kernels and without. */
async function both(
  queries: Rows,
  passages: Rows,
  { k, precision, backend = "tensorflow" }: {
    k: number;
    precision: typeof PRECISIONS[number];
    backend?: BackendName;
  },
): Promise<[RankedRows[], RankedRows[]]> {
  const search = async (compiled: boolean) => {
    await useBackend(backend, { native: compiled });
    assert.equal(native(), compiled);
    const prepare = (rows: Rows) => nearestRows(rows, { precision });
    return await topK(queries, passages, { k, prepare });
  };
  return [await search(true), await search(false)];
}

/** Those that a backend multiplies in. */
const precisionsOf = (backend: BackendName) =>
  PRECISIONS.filter((name) => backend !== "wasm" || name !== "bfloat16");

onBackends(
  "the compiled search finds the same bits, whatever ties and signs",
  async (backend) => {
    const shapes = fc.record({
      q: fc.integer({ min: 1, max: 5 }),
      p: fc.integer({ min: 1, max: 5000 }),
      d: fc.integer({ min: 1, max: 20 }),
      k: fc.integer({ min: 1, max: 70 }),
      seed: fc.integer(),
      levels: fc.constantFrom(undefined, 2, 3),
      scale: fc.constantFrom(1, -1, 1e-20, 1e18),
      precision: fc.constantFrom(...precisionsOf(backend)),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async (s) => {
        const queries = randomEmbeddings(s.q, s.d, s.seed, s.levels);
        const passages = randomEmbeddings(s.p, s.d, s.seed + 1, s.levels);
        passages.data.forEach((x, i) => passages.data[i] = x * s.scale);
        const [found, wanted] = await both(queries, passages, {
          ...s,
          backend,
        });
        assert.deepEqual(found, wanted);
      }),
      { numRuns: 60 },
    );
  },
);

onBackends(
  "the compiled search finds the same, however long the queries are",
  async (backend) => {
    // All near to one line, so that nothing cancels where a sum could be too
    // large, and of many lengths, so that such sums would be in no order.
    const [D, P] = [4096, 300];
    const near = (x: number) => 1 + 0.01 * x;
    const passages = randomEmbeddings(P, D, 1);
    passages.data.forEach((x, i) =>
      passages.data[i] = near(x) * (1 + Math.floor(i / D) / P)
    );
    for (
      const sizes of [[1e-7], [3e4], [1e12], [1e16], [1e-9, 1, 1e4, 0]]
    ) {
      const queries = randomEmbeddings(8, D, 2);
      queries.data.forEach((x, i) =>
        queries.data[i] = near(x) * sizes[Math.floor(i / D) % sizes.length]!
      );
      for (const precision of precisionsOf(backend)) {
        const [found, wanted] = await both(queries, passages, {
          k: 5,
          precision,
          backend,
        });
        assert.deepEqual(found, wanted, `${sizes} ${precision}`);
      }
    }
  },
);

Deno.test({
  name: "the compiled search finds the same through several spans of blocks",
  ignore,
  fn: async () => {
    // 1,024 queries in float32: four blocks of 16,384 rows fit, a fifth doesn't.
    const queries = randomEmbeddings(1030, 3, 1);
    const passages = randomEmbeddings(70_003, 3, 2);
    for (const precision of PRECISIONS) {
      const [found, wanted] = await both(queries, passages, {
        k: 3,
        precision,
      });
      assert.deepEqual(found, wanted);
    }
  },
});

Deno.test({
  name: "the compiled search names few rows, and frees what it took",
  ignore,
  fn: async () => {
    await useBackend("tensorflow", { native: true });
    const before = tf.memory().numTensors;
    const queries = randomEmbeddings(20, 64, 1);
    const all = randomEmbeddings(20_000, 64, 2);
    for (const precision of PRECISIONS) {
      const rows = nearestRows(all, { precision });
      const lowest = new Float32Array(20).fill(-Infinity);
      for (const k of [1, 10, 1000]) {
        const found = await rows.candidates(queries, k, lowest);
        const count = found.reduce((sum, list) => sum + list.length, 0);
        assert.ok(count >= 20 * k && count < 20 * (1.5 * k + 30), `${count}`);
      }
      // A bar that one row reaches exactly.
      const nearest = await rows.candidates(queries, 1, lowest);
      const best = Math.max(...rows.scores(queries, nearest)![0]!);
      const bars = lowest.map((_, q) => q === 0 ? best : 1e9);
      const found = await rows.candidates(queries, 10, bars);
      assert.ok(found[0]!.length >= 1 && found[0]!.length < 30);
      assert.ok(found.slice(1).every((list) => list.length === 0));
      rows.dispose();
    }
    assert.equal(tf.memory().numTensors, before);
  },
});

Deno.test({
  name: "the compiled scores are scoreRows()' to the bit",
  ignore,
  fn: async () => {
    await useBackend("tensorflow", { native: true });
    const queries = randomEmbeddings(4, 37, 1);
    const all = randomEmbeddings(50, 37, 2);
    all.data.forEach((x, i) => all.data[i] = x * 10 ** (i % 9 - 4));
    const rows = nearestRows(all);
    // None, fewer than eight, eight, and a rest; in any order, some twice.
    const found = [0, 5, 8, 43].map((count) =>
      Int32Array.from({ length: count }, (_, i) => (i * 17 + 3) % 50)
    );
    const scores = rows.scores(queries, found)!;
    found.forEach((which, q) => {
      const wanted = new Float32Array(which.length);
      const query = queries.data.subarray(q * 37, (q + 1) * 37);
      scoreRows(query, all.data, which, 37, wanted);
      assert.deepEqual(Float32Array.from(scores[q]!), wanted);
    });
    await useBackend("tensorflow", { native: false });
    assert.equal(rows.scores(queries, found), undefined);
    rows.dispose();
  },
});

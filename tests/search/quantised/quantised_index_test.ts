import assert from "node:assert/strict";
import fc from "fast-check";
import { nearestRows, nearestSteps } from "../../../lib/backend/mod.ts";
import {
  checkRescoring,
  dequantise,
  type EmbeddedTexts,
  exactSearch,
  quantise,
  QuantisedIndex,
  type QuantisedIndexOptions,
} from "../../../lib/search/mod.ts";
import { noise, onBackends } from "../../_backends.ts";

/** A random corpus in two chunks and some queries; values on a grid, so that scores tie. */
const searches = fc.record({
  passages: fc.integer({ min: 2, max: 60 }),
  queries: fc.integer({ min: 1, max: 12 }),
  dimension: fc.integer({ min: 1, max: 70 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
  k: fc.integer({ min: 1, max: 70 }),
}).map(({ passages, queries, dimension, seed, k }) => ({
  k,
  corpus: texts("p", passages, { dimension, seed }),
  queries: texts("q", queries, { dimension, seed: seed + 1 }),
}));

function texts(
  prefix: string,
  count: number,
  { dimension, seed }: { dimension: number; seed: number },
): EmbeddedTexts {
  const data = noise(count * dimension, seed).map((x) => Math.round(4 * x) / 4);
  return {
    ids: Array.from({ length: count }, (_, i) => `${prefix}${i}`),
    embeddings: { data, count, dimension },
  };
}

/** Both halves of a corpus. */
function halves({ ids, embeddings }: EmbeddedTexts): EmbeddedTexts[] {
  const { data, count, dimension } = embeddings;
  const middle = Math.ceil(count / 2);
  return [[0, middle], [middle, count]].map(([from, to]) => ({
    ids: ids.slice(from, to),
    embeddings: {
      data: data.subarray(from! * dimension, to! * dimension),
      count: to! - from!,
      dimension,
    },
  }));
}

async function searched(
  { corpus, queries, k }: {
    corpus: EmbeddedTexts;
    queries: EmbeddedTexts;
    k: number;
  },
  options: QuantisedIndexOptions,
) {
  using index = new QuantisedIndex(options);
  for (const half of halves(corpus)) index.add(half);
  return entries(await index.search(queries, k));
}

/** A run with the order of its passages. */
function entries(run: ReadonlyMap<string, ReadonlyMap<string, number>>) {
  return [...run].map(([query, scores]) => [query, [...scores]]);
}

Deno.test("rescoring everything by whole vectors is exact search", async () => {
  await fc.assert(fc.asyncProperty(searches, async (given) => {
    const exact = entries(
      await exactSearch(given.queries, given.corpus, given),
    );
    const whole = await searched(given, { precision: "float32" });
    assert.deepEqual(whole, exact);
    for (const precision of ["int8", "binary"] as const) {
      const found = await searched(given, {
        precision,
        rescore: given.corpus.ids.length,
        rescoreBy: "float32",
      });
      assert.deepEqual(found, exact, precision);
    }
  }));
});

onBackends(
  "8-bit search is exact search among the middles of steps",
  async () => {
    await fc.assert(
      fc.asyncProperty(searches, async ({ corpus, queries, k }) => {
        const middles = dequantise(
          quantise(corpus.embeddings, { precision: "int8" }),
        );
        const exact = await exactSearch(
          queries,
          { ids: corpus.ids, embeddings: middles },
          { k },
        );
        const given = { corpus, queries, k };
        for (
          const fast of [
            {},
            { prepare: nearestRows },
            { prepareSteps: nearestSteps },
          ]
        ) {
          const found = await searched(given, { precision: "int8", ...fast });
          assert.deepEqual(found, entries(exact));
        }
        const rescored = await searched(given, {
          precision: "binary",
          rescore: corpus.ids.length,
          rescoreBy: "int8",
        });
        assert.deepEqual(rescored, entries(exact));
      }),
      { numRuns: 40 },
    );
  },
);

onBackends(
  "8-bit search is exact, whatever the ranges of components",
  async () => {
    const shapes = fc.record({
      queries: fc.constantFrom(1, 3, 20),
      dimension: fc.integer({ min: 1, max: 200 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      size: fc.constantFrom(1, 1e-3, 1e-20, 1e17),
      shift: fc.constantFrom(0, 1, -30),
      k: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        shapes,
        async ({ queries, dimension, seed, size, shift, k }) => {
          const made = (count: number, seed: number) => ({
            data: noise(count * dimension, seed).map((x, i) =>
              (x * 2 ** (i % dimension % 7 - 3) + shift) * size
            ),
            count,
            dimension,
          });
          const corpus = made(1500, seed);
          const asked = {
            ids: Array.from({ length: queries }, (_, q) => `q${q}`),
            embeddings: made(queries, seed + 1),
          };
          const ids = Array.from({ length: 1500 }, (_, p) => `p${p}`);
          const embeddings = dequantise(
            quantise(corpus, { precision: "int8" }),
          );
          const exact = await exactSearch(asked, { ids, embeddings }, { k });
          const found = await searched({
            corpus: { ids, embeddings: corpus },
            queries: asked,
            k,
          }, { precision: "int8", prepareSteps: nearestSteps });
          assert.deepEqual(found, entries(exact));
        },
      ),
      {
        numRuns: 25,
        // Scores of numbers that some threads of TensorFlow take for 0.
        examples: [[{
          queries: 20,
          dimension: 1,
          seed: 0,
          size: 1e-20,
          shift: 0,
          k: 1,
        }]],
      },
    );
  },
);

Deno.test("binary search is exact search among signs; rescored, queries are whole", async () => {
  await fc.assert(fc.asyncProperty(searches, async (given) => {
    const { corpus, queries, k } = given;
    const signs = (texts: EmbeddedTexts): EmbeddedTexts => ({
      ...texts,
      embeddings: dequantise(
        quantise(texts.embeddings, { precision: "binary" }),
      ),
    });
    const bits = await searched(given, { precision: "binary", rescore: 0 });
    const exact = await exactSearch(signs(queries), signs(corpus), { k });
    assert.deepEqual(bits, entries(exact));
    const rescored = await searched(given, {
      precision: "binary",
      rescore: corpus.ids.length,
    });
    const half = await exactSearch(queries, signs(corpus), { k });
    assert.deepEqual(rescored, entries(half));
  }));
});

Deno.test("vectors that are small already are taken as they are", async () => {
  const corpus = texts("p", 9, { dimension: 20, seed: 3 });
  const queries = texts("q", 2, { dimension: 20, seed: 4 });
  for (const precision of ["int8", "binary"] as const) {
    const vectors = quantise(corpus.embeddings, { precision });
    using index = new QuantisedIndex({ precision });
    index.add({ ids: corpus.ids, vectors });
    using other = new QuantisedIndex({ precision });
    other.add(corpus);
    assert.deepEqual(
      entries(await index.search(queries, 5)),
      entries(await other.search(queries, 5)),
    );
    assert.throws(
      () =>
        new QuantisedIndex({ precision: "float32" }).add({
          ids: corpus.ids,
          vectors,
        }),
      /Cannot add to the index: passages must be float32/,
    );
    const finer = new QuantisedIndex({
      precision,
      rescore: 2,
      rescoreBy: "float32",
    });
    assert.throws(
      () => finer.add({ ids: corpus.ids, vectors }),
      new RegExp(`scored again by float32: got ${precision}`),
    );
  }
});

Deno.test("an index counts the bytes of its vectors", () => {
  const bytes = (options: QuantisedIndexOptions) => {
    using index = new QuantisedIndex(options);
    index.add(texts("p", 3, { dimension: 100, seed: 1 }));
    return index.bytesPerVector;
  };
  assert.equal(bytes({ precision: "float32" }), 400);
  assert.equal(bytes({ precision: "int8" }), 100);
  assert.equal(bytes({ precision: "binary" }), 13);
  assert.equal(
    bytes({ precision: "binary", rescore: 4, rescoreBy: "int8" }),
    113,
  );
  assert.equal(bytes({ precision: "int8", rescore: 2 }), 500);
});

Deno.test("an index refuses what doesn't fit, in one line", async () => {
  using index = new QuantisedIndex({ precision: "binary" });
  index.add(texts("p", 3, { dimension: 8, seed: 1 }));
  assert.throws(
    () => index.add(texts("p", 1, { dimension: 8, seed: 1 })),
    /passage ids must differ: got "p0" twice/,
  );
  assert.throws(
    () => index.add(texts("x", 1, { dimension: 9, seed: 1 })),
    /passages must have its dimension, 8: got 9/,
  );
  await assert.rejects(
    index.search(texts("q", 1, { dimension: 9, seed: 1 }), 1),
    /must have the dimension of the queries, 9: got 8/,
  );
  await assert.rejects(
    index.search(texts("q", 1, { dimension: 8, seed: 1 }), 0),
    /k must be an integer of at least 1/,
  );
});

Deno.test("rescoring that changes nothing is refused", () => {
  const refused = (
    options: Parameters<typeof checkRescoring>[0],
    why: RegExp,
  ) => assert.throws(() => checkRescoring(options), why);
  refused({ precision: "float32", rescore: 2 }, /float32 vectors are whole/);
  refused(
    { precision: "int8", rescore: 2, rescoreBy: "binary" },
    /rescoreBy must be finer than int8/,
  );
  refused({ precision: "binary", rescore: 1.5 }, /whole number/);
  refused(
    { precision: "binary", rescore: 0, rescoreBy: "int8" },
    /rescoreBy int8 needs rescore/,
  );
});

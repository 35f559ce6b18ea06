import assert from "node:assert/strict";
import fc from "fast-check";
import type { Qrels, Task } from "../../../lib/data/types.ts";
import { openSuite } from "../../../lib/data/mod.ts";
import {
  bm25Retriever,
  mineHardNegatives,
  type MineOptions,
} from "../../../lib/search/mod.ts";
import { shared, withShared } from "../../_shared.ts";
import { testRng } from "../_reference.ts";

/** A task whose passages are named by the keys of `texts`. */
function task(
  texts: Record<string, string>,
  queries: Record<string, string>,
  qrels: Task["qrels"],
): Task {
  const entries = <T>(from: Record<string, string>, to: (id: string) => T) =>
    new Map(Object.keys(from).map((id) => [id, to(id)]));
  return {
    name: "toy",
    prompt: "",
    language: "en",
    kind: "question-passage",
    license: "MIT",
    source: "made up",
    corpus: entries(texts, (id) => ({ id, text: texts[id]! })),
    queries: entries(queries, (id) => ({ id, text: queries[id]! })),
    qrels,
  };
}

function grades(of: Record<string, Record<string, number>>): Qrels {
  return new Map(
    Object.entries(of).map(([q, row]) => [q, new Map(Object.entries(row))]),
  );
}

/** Twenty passages p0..p19 and a retriever that gives them 20, 19, … 1. */
const LADDER = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [`p${i}`, `text number ${i}`]),
);
const ladder: MineOptions["retrieve"] = (queries, k) =>
  new Map(queries.map(({ id }) => [
    id,
    new Map(Object.keys(LADDER).slice(0, k).map((p, i) => [p, 20 - i])),
  ]));

Deno.test("mineHardNegatives() draws from the range of ranks only", async () => {
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p0: 1 } }) });
  const seen = new Map<string, number>();
  for (let seed = 0; seed < 300; seed++) {
    const { negatives } = await mineHardNegatives(toy, {
      rng: testRng(seed * 7919),
      retrieve: ladder,
      depth: [3, 6],
      count: 2,
    });
    const ids = negatives.get("q")!;
    assert.equal(new Set(ids).size, 2);
    assert.ok(ids[0]!.localeCompare(ids[1]!) < 0, "best first");
    for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1);
  }
  assert.deepEqual([...seen.keys()].sort(), ["p2", "p3", "p4", "p5"]);
  // Each is drawn with probability 1/2; 5 standard deviations are 43.
  for (const count of seen.values()) assert.ok(Math.abs(count - 150) <= 43);
});

Deno.test("mineHardNegatives() never takes a positive of any split", async () => {
  const toy = task(LADDER, { q: "a" }, {
    train: grades({ q: { p19: 1 } }),
    test: grades({ q: { p0: 2, p1: 0 } }),
  });
  const { negatives, statistics } = await mineHardNegatives(toy, {
    rng: testRng(1),
    retrieve: ladder,
    count: 20,
    positiveShare: Infinity,
  });
  // p1 is judged, but not relevant.
  assert.deepEqual(
    negatives.get("q")!.sort(),
    Object.keys(LADDER).slice(1, 19).sort(),
  );
  assert.equal(statistics.leftOutPositive, 2);
  assert.equal(statistics.missing, 2);
});

Deno.test("mineHardNegatives() leaves out scores near the positive's", async () => {
  // The positive scores 11; 95 % of it are 10.45.
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p9: 1 } }) });
  const mine = (more: Partial<MineOptions>) =>
    mineHardNegatives(toy, {
      rng: testRng(1),
      retrieve: ladder,
      count: 10,
      ...more,
    });
  const { negatives, statistics } = await mine({});
  assert.deepEqual(
    negatives.get("q"),
    Array.from({ length: 10 }, (_, i) => `p${i + 10}`),
  );
  assert.equal(statistics.leftOutScore, 9);
  // 80 % are 8.8: the candidates with 10 and 9 go too, and nothing else fills
  // up, since all the corpus was retrieved.
  const strict = await mine({ positiveShare: 0.8 });
  assert.deepEqual(strict.negatives.get("q")![0], "p12");
  assert.equal(strict.statistics.missing, 2);
});

Deno.test("mineHardNegatives() compares negative scores the right way", async () => {
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p2: 1 } }) });
  const { negatives } = await mineHardNegatives(toy, {
    rng: testRng(1),
    count: 3,
    fill: false,
    // -0.5 less 10 % of 0.5 is -0.55.
    positiveShare: 0.9,
    retrieve: () =>
      new Map([["q", new Map([["p1", -0.54], ["p2", -0.5], ["p3", -0.56]])]]),
  });
  assert.deepEqual(negatives.get("q"), ["p3"]);
});

Deno.test("mineHardNegatives() keeps or drops where no positive is found", async () => {
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p19: 1 } }) });
  for (const [withoutPositive, wanted] of [["keep", 3], ["drop", 0]] as const) {
    const { negatives, statistics } = await mineHardNegatives(toy, {
      rng: testRng(1),
      retrieve: ladder,
      depth: [1, 10],
      count: 3,
      fill: false,
      withoutPositive,
    });
    assert.equal(negatives.get("q")!.length, wanted);
    assert.equal(statistics.withoutPositive, 1);
    assert.equal(statistics.missing, 3 - wanted);
  }
});

Deno.test("mineHardNegatives() without a filter drops nothing for want of a positive", async () => {
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p19: 1 } }) });
  const { negatives } = await mineHardNegatives(toy, {
    rng: testRng(1),
    retrieve: ladder,
    depth: [1, 10],
    count: 3,
    fill: false,
    positiveShare: Infinity,
    withoutPositive: "drop",
  });
  assert.equal(negatives.get("q")!.length, 3);
});

Deno.test("mineHardNegatives() compares with a positive that is out of reach", async () => {
  // p19 is at rank 20, and only the first ten are retrieved.
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p19: 1 } }) });
  const mine = async (score: number) => {
    const asked: string[][] = [];
    const { negatives, statistics } = await mineHardNegatives(toy, {
      rng: testRng(1),
      retrieve: Object.assign(ladder!.bind(null), {
        score: (_: unknown, of: ReadonlyMap<string, readonly string[]>) => {
          asked.push(...of.values().map((ids) => [...ids]));
          return new Map([["q", new Map([["p19", score]])]]);
        },
      }),
      depth: [1, 10],
      count: 10,
      fill: false,
      withoutPositive: "keep", // must not matter: there is a score
    });
    assert.deepEqual(asked, [["p19"]]);
    assert.equal(statistics.withoutPositive, 0);
    return negatives.get("q");
  };
  assert.deepEqual(await mine(1), []);
  // 95 % of 15 are 14.25: what scores 14 and less is left.
  assert.deepEqual(await mine(15), ["p6", "p7", "p8", "p9"]);
});

Deno.test("mineHardNegatives() by BM25 leaves out all that scores above a positive, however deep", async () => {
  const words = ["oak", "elm", "ash", "fir", "yew", "bay", "box"];
  const text = fc.array(fc.constantFrom(...words), {
    minLength: 1,
    maxLength: 5,
  })
    .map((list) => list.join(" "));
  const input = fc.record({
    texts: fc.array(text, { minLength: 2, maxLength: 30 }),
    query: text,
    positive: fc.nat({ max: 29 }),
    last: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(fc.asyncProperty(input, async (s) => {
    const of = Object.fromEntries(s.texts.map((t, i) => [`p${i}`, t]));
    const known = `p${s.positive % s.texts.length}`;
    const toy = task(of, { q: s.query }, {
      train: grades({ q: { [known]: 1 } }),
    });
    // The same scores by the other route: a search for everything.
    const all = bm25Retriever(toy);
    const found = (await all([{ id: "q", text: s.query }], 100)).get("q")!;
    for (const withoutPositive of ["keep", "drop"] as const) {
      const { negatives, statistics, details } = await mineHardNegatives(toy, {
        rng: testRng(1),
        depth: [1, s.last],
        count: 30,
        fill: false,
        withoutPositive,
      });
      const best = found.get(known);
      assert.equal(details.get("q")!.positive, best ?? -Infinity);
      assert.equal(statistics.withoutPositive, best === undefined ? 1 : 0);
      for (const id of negatives.get("q")!) {
        if (best === undefined) assert.equal(withoutPositive, "keep");
        else assert.ok(found.get(id)! < 0.95 * best);
      }
    }
  }));
});

withShared(
  "mineHardNegatives() takes nothing where all candidates beat the positive",
  async () => {
    const [toy] = (await openSuite(shared("cases/data/k10_mine"))).tasks;
    for (const last of [50, 80, 100]) {
      const { negatives, statistics } = await mineHardNegatives(toy!, {
        rng: testRng(1),
        count: 4,
        depth: [1, last],
        fill: false,
      });
      assert.deepEqual(negatives.get("q0"), [], `depth ${last}`);
      assert.equal(statistics.withoutPositive, 0);
      assert.equal(statistics.leftOutScore, Math.min(last, 80));
    }
  },
);

Deno.test("mineHardNegatives() scores no positive that the corpus lacks", async () => {
  const toy = task(LADDER, { q: "text" }, {
    train: grades({ q: { p3: 1 } }),
    test: grades({ q: { gone: 1 } }),
  });
  const { statistics } = await mineHardNegatives(toy, { rng: testRng(1) });
  assert.equal(statistics.withoutPositive, 0);
});

Deno.test("mineHardNegatives() never takes the positive's or the query's text", async () => {
  const toy = task(
    {
      right: "The harbor lighthouse",
      copy: "the  Harbor LIGHTHOUSE!",
      echo: "who built the lighthouse",
      keeper: "The lighthouse keeper slept",
      twin: "The lighthouse keeper slept.",
    },
    { q: "Who built the lighthouse?" },
    { train: grades({ q: { right: 1 } }) },
  );
  const { negatives, statistics } = await mineHardNegatives(toy, {
    rng: testRng(3),
    count: 4,
    positiveShare: Infinity,
  });
  assert.equal(negatives.get("q")!.length, 1);
  assert.ok(["keeper", "twin"].includes(negatives.get("q")![0]!));
  assert.equal(statistics.leftOutText, 3);
  assert.equal(statistics.missing, 3);
});

Deno.test("mineHardNegatives() fills up with random passages at the end", async () => {
  const toy = task(LADDER, { q: "a", r: "b" }, {
    train: grades({ q: { p0: 1 }, r: { p0: 1 } }),
  });
  const mine = (seed: number, fill?: boolean) =>
    mineHardNegatives(toy, {
      rng: testRng(seed),
      retrieve: (queries) =>
        new Map(queries.map(({ id }) => [id, new Map([["p5", 1]])])),
      count: 4,
      fill,
    });
  const { negatives, statistics } = await mine(1);
  for (const ids of negatives.values()) {
    assert.equal(ids[0], "p5");
    assert.equal(new Set([...ids, "p0"]).size, 5);
  }
  assert.deepEqual(
    [statistics.retrieved, statistics.random, statistics.filledQueries],
    [2, 6, 2],
  );
  assert.deepEqual((await mine(1)).negatives, negatives);
  assert.notDeepEqual((await mine(2)).negatives, negatives);
  assert.deepEqual((await mine(1, false)).negatives.get("q"), ["p5"]);
});

Deno.test("mineHardNegatives() mines the queries of the split that have a positive", async () => {
  const toy = task(LADDER, { q: "a", r: "b", s: "c" }, {
    train: grades({ q: { p0: 1 }, r: { p0: 0 } }),
    dev: grades({ s: { p0: 1 } }),
  });
  const progress: number[][] = [];
  const options = {
    rng: testRng(1),
    retrieve: ladder,
    onProgress: (...now: number[]) => progress.push(now),
  };
  const train = await mineHardNegatives(toy, options);
  assert.deepEqual([...train.negatives.keys()], ["q"]);
  const dev = await mineHardNegatives(toy, { ...options, split: "dev" });
  assert.deepEqual([...dev.negatives.keys()], ["s"]);
  assert.deepEqual(progress, [[1, 1], [1, 1]]);
});

Deno.test("mineHardNegatives() keeps its promises on random tasks", async () => {
  const words = ["oak", "elm", "ash", "fir", "yew"];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 4 })
    .map((list) => list.join(" "));
  const input = fc.record({
    texts: fc.array(text, { minLength: 1, maxLength: 12 }),
    query: text,
    positives: fc.uniqueArray(fc.nat({ max: 11 }), {
      minLength: 1,
      maxLength: 3,
    }),
    count: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
  });
  await fc.assert(fc.asyncProperty(input, async (s) => {
    const of = Object.fromEntries(s.texts.map((t, i) => [`p${i}`, t]));
    const known = s.positives.map((i) => `p${i % s.texts.length}`);
    const toy = task(of, { q: s.query }, {
      train: grades({ q: Object.fromEntries(known.map((id) => [id, 1])) }),
    });
    const { negatives, statistics } = await mineHardNegatives(toy, {
      rng: testRng(s.seed),
      count: s.count,
    });
    const ids = negatives.get("q")!;
    const texts = ids.map((id) => of[id]!);
    assert.ok(ids.length <= s.count);
    assert.equal(new Set(texts).size, texts.length);
    for (const id of known) assert.ok(!texts.includes(of[id]!));
    assert.equal(statistics.retrieved + statistics.random, ids.length);
    assert.equal(statistics.missing, s.count - ids.length);
  }));
});

Deno.test("mineHardNegatives() names the option that is wrong", async () => {
  const toy = task(LADDER, { q: "a" }, { train: grades({ q: { p0: 1 } }) });
  const fails = (options: Partial<MineOptions>, message: string) =>
    assert.rejects(
      () => mineHardNegatives(toy, { rng: testRng(1), ...options }),
      {
        name: "RangeError",
        message: `Cannot mine hard negatives of task "toy": ${message}`,
      },
    );
  await fails({ count: 0 }, "count must be an integer of at least 1: got 0");
  await fails(
    { depth: [5, 3] },
    "depth must be two ranks, 1 ≤ first ≤ last: got [5, 3]",
  );
  await fails(
    { positiveShare: 0 },
    "positiveShare must be in (0, 1], or Infinity: got 0",
  );
  await fails(
    { retrieve: () => new Map([["q", new Map([["zz", 1]])]]) },
    'retrieve must return passages of its corpus: got "zz" for query "q"',
  );
  await fails({ split: "test" }, 'split must be one of train: got "test"');
});

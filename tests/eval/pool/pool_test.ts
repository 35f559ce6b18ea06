import assert from "node:assert/strict";
import fc from "fast-check";
import type { Run, Suite, Task } from "../../../lib/data/mod.ts";
import {
  evaluateRun,
  makePool,
  pooledSuite,
  poolQueries,
  readPool,
  writePool,
} from "../../../lib/eval/mod.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

/** A task of so many queries and passages with judgments as given. */
function taskOf(
  { queries, passages, judgments }: {
    queries: number;
    passages: number;
    judgments: readonly (readonly [number, number, number])[];
  },
): Task {
  const qrels = new Map<string, Map<string, number>>();
  for (const [query, passage, grade] of judgments) {
    const id = `q${query % queries}`;
    const grades = qrels.get(id) ?? new Map();
    qrels.set(id, grades.set(`p${passage % passages}`, grade));
  }
  return {
    ...{ name: "made", prompt: "", language: "en", kind: "", license: "" },
    source: "",
    corpus: new Map(
      Array.from({ length: passages }, (_, i) => [`p${i}`, {
        id: `p${i}`,
        text: `passage ${i}`,
      }]),
    ),
    queries: new Map(
      Array.from({ length: queries }, (_, i) => [`q${i}`, {
        id: `q${i}`,
        text: `query ${i}`,
      }]),
    ),
    qrels: { test: qrels },
  };
}

const task = fc.record({
  queries: fc.integer({ min: 1, max: 8 }),
  passages: fc.integer({ min: 1, max: 60 }),
  judgments: fc.array(
    fc.tuple(fc.nat(20), fc.nat(100), fc.integer({ min: -1, max: 2 })),
    { minLength: 1, maxLength: 30 },
  ),
}).map(taskOf).filter(({ qrels }) =>
  [...qrels.test!.values()].some((grades) =>
    [...grades.values()].some((grade) => grade > 0)
  )
);

/** A system's scores of every passage for every query. */
function runOf({ queries, corpus }: Task, seed: number): Run {
  let state = seed;
  const next = () => (state = (state * 1103515245 + 12345) % 2 ** 31) % 40;
  return new Map(
    [...queries.keys()].map((query) => [
      query,
      new Map([...corpus.keys()].map((id) => [id, next()])),
    ]),
  );
}

const sizes = fc.record({
  queries: fc.integer({ min: 1, max: 10 }),
  depth: fc.integer({ min: 1, max: 20 }),
  random: fc.nat(20),
});

Deno.test("a pool leaves the metrics of a system that it was made from as they are", () => {
  fc.assert(fc.property(task, sizes, fc.nat(1e6), (task, sizes, seed) => {
    const suite = { name: "made", tasks: [task] };
    const [a, b] = [runOf(task, seed), runOf(task, seed + 1)];
    const pool = makePool(suite, { a: [a], b: [b] }, sizes);
    const [part] = pooledSuite(suite, pool).tasks;
    const k = sizes.depth;
    const metrics = [`nDCG@${k}`, `Recall@${k}`, `MRR@${k}`];
    for (const run of [a, b]) {
      const within: Run = new Map(
        [...part!.queries.keys()].map((query) => [
          query,
          new Map(
            [...run.get(query)!].filter(([id]) => part!.corpus.has(id)),
          ),
        ]),
      );
      const chosen = new Map(
        [...task.qrels.test!].filter(([id]) => part!.queries.has(id)),
      );
      const all: Run = new Map(
        [...part!.queries.keys()].map((id) => [id, run.get(id)!]),
      );
      assert.deepEqual(
        evaluateRun(part!.qrels.test!, within, metrics).mean,
        evaluateRun(chosen, all, metrics).mean,
      );
    }
  }));
});

Deno.test("a pool holds what is judged, ranked and drawn, and no more", () => {
  fc.assert(fc.property(task, sizes, fc.nat(1e6), (task, sizes, seed) => {
    const suite = { name: "made", tasks: [task] };
    const run = runOf(task, seed);
    const [part] = makePool(suite, { run: [run] }, sizes).tasks;
    const queries = poolQueries(task, sizes);
    assert.deepEqual(part!.queries, queries.map(({ id }) => id));
    assert.ok(queries.length <= sizes.queries);
    const has = new Set(part!.passages);
    for (const { id } of queries) {
      for (const judged of task.qrels.test!.get(id)!.keys()) {
        assert.ok(has.has(judged));
      }
    }
    const { judged, ranked, random } = part!.counts;
    assert.equal(judged + ranked + random, part!.passages.length);
    assert.ok(ranked <= sizes.depth * queries.length);
    assert.ok(
      random === sizes.random || part!.passages.length === task.corpus.size,
    );
    // A larger pool holds a smaller one: neither query nor passage is redrawn.
    const larger = makePool(suite, { run: [run] }, {
      queries: sizes.queries + 1,
      depth: sizes.depth,
      random: sizes.random,
    }).tasks[0]!;
    assert.ok(part!.queries.every((id) => larger.queries.includes(id)));
  }));
});

/** The toy suite's pool by one run. */
function toyPool(suite: Suite) {
  const runs = suite.tasks.map((task) => runOf(task, 1));
  return makePool(suite, { toy: runs }, { queries: 3, depth: 2, random: 1 });
}

Deno.test("a pool is written, read and cut to, and told from another", async () => {
  await inTempFolder(async (folder) => {
    const suite = toySuite();
    const pool = toyPool(suite);
    const path = `${folder}/pool.json`;
    await writePool(path, pool);
    const read = await readPool(path);
    assert.deepEqual(read.pool, pool);
    assert.match(read.sha256, /^[0-9a-f]{64}$/);
    const text = await Deno.readTextFile(path);
    assert.ok(text.includes(read.sha256));
    // Some of its tasks, in another order.
    const [first, second] = suite.tasks;
    const some = { ...suite, tasks: [second!, first!] };
    const cut = pooledSuite(some, read.pool);
    assert.deepEqual(cut.tasks.map(({ name }) => name), [
      second!.name,
      first!.name,
    ]);
    assert.deepEqual(Object.keys(cut.tasks[0]!.qrels), ["test"]);

    await Deno.writeTextFile(path, text.replace('"toy"', '"toi"'));
    await assert.rejects(readPool(path), /damaged.*make it again/);
  });
});

Deno.test("a pool of other data is refused", () => {
  const suite = toySuite();
  const pool = toyPool(suite);
  const [first, ...others] = suite.tasks;
  const changed = (task: Task) => ({ ...suite, tasks: [task, ...others] });
  const corpus = new Map(first!.corpus);
  corpus.set("more", { id: "more", text: "one more" });
  assert.throws(
    () => pooledSuite(changed({ ...first!, corpus }), pool),
    /other queries, judgments or passages/,
  );
  assert.throws(
    () => pooledSuite(changed({ ...first!, name: "new" }), pool),
    /no task "new" \(its tasks: /,
  );
});

Deno.test("what no pool can be made of is refused by name", () => {
  const suite = toySuite();
  const runs = suite.tasks.map((task) => runOf(task, 1));
  const [first, ...rest] = runs;
  const bare = { ...suite.tasks[0]!, qrels: {} };
  const cases: [() => unknown, RegExp][] = [
    [() => makePool(suite, {}), /rankings of a system/],
    [() => makePool(suite, { a: rest }), /a must have a run for each/],
    [() => makePool(suite, { a: [new Map(), ...rest] }), /has no query "/],
    [() => makePool(suite, { a: runs }, { depth: 0 }), /depth must be/],
    [() => makePool(suite, { a: runs }, { random: 0.5 }), /random must be/],
    [() => poolQueries(bare), /its split test: got none/],
    [
      () => {
        const strange = new Map(
          [...first!.keys()].map((id) => [id, new Map([["nowhere", 1]])]),
        );
        makePool(suite, { a: [strange, ...rest] });
      },
      /names passage "nowhere"/,
    ],
  ];
  for (const [make, message] of cases) assert.throws(make, message);
});

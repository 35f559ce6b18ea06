import assert from "node:assert/strict";
import fc from "fast-check";
import { devSample, holdOutDev, type Task } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";

/** The toy suite, of which some tasks lost their dev judgments. */
function withoutDev(...names: string[]) {
  const { name, tasks } = toySuite();
  const without = ({ qrels: { dev: _, ...qrels }, ...task }: Task): Task => ({
    ...task,
    qrels,
  });
  return {
    name,
    tasks: tasks.map((task) =>
      names.includes(task.name) ? without(task) : task
    ),
  };
}

Deno.test("devSample() is bounded, holds what is judged, and grows by its sizes", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 40 }),
    (queries, passages) => {
      const suite = toySuite();
      const small = devSample(suite, { queries, passages });
      const large = devSample(suite, {
        queries: queries + 1,
        passages: passages + 3,
      });
      small.tasks.forEach((task, k) => {
        const whole = suite.tasks[k]!;
        assert.deepEqual(Object.keys(task.qrels), ["dev"]);
        const judged = Math.min(queries, whole.qrels.dev!.size);
        assert.equal(task.qrels.dev!.size, judged);
        assert.equal(task.queries.size, judged);
        // One passage is judged for each query.
        const most = Math.max(passages, judged);
        assert.equal(task.corpus.size, Math.min(most, whole.corpus.size));
        for (const [id, grades] of task.qrels.dev!) {
          assert.deepEqual(grades, whole.qrels.dev!.get(id));
          assert.ok([...grades.keys()].every((each) => task.corpus.has(each)));
        }
        for (const id of task.queries.keys()) {
          assert.ok(large.tasks[k]!.queries.has(id), id);
        }
      });
    },
  ));
});

Deno.test("devSample() doesn't hang on the order of queries and passages", () => {
  const suite = toySuite();
  const turned = {
    ...suite,
    tasks: suite.tasks.map((task) => ({
      ...task,
      corpus: new Map([...task.corpus].reverse()),
      qrels: { dev: new Map([...task.qrels.dev!].reverse()) },
    })),
  };
  const sizes = { queries: 3, passages: 9 };
  const ids = (of: typeof suite) =>
    devSample(of, sizes).tasks.map(({ corpus, queries }) =>
      [corpus, queries].map((map) => [...map.keys()].sort())
    );
  assert.deepEqual(ids(turned), ids(suite));
});

Deno.test("devSample() names every task without dev judgments", () => {
  assert.throws(
    () => devSample(withoutDev("shades", "places")),
    /^RangeError: Cannot sample dev queries: shades, places must have/,
  );
});

Deno.test("holdOutDev() parts training queries where there is no dev split, and only there", () => {
  const whole = withoutDev("shades");
  const { suite, heldOut } = holdOutDev(whole);
  assert.deepEqual(heldOut, { shades: 2 }); // of 24
  const [shades, ...others] = suite.tasks;
  assert.deepEqual(others, whole.tasks.slice(1));
  const { train, dev, test } = shades!.qrels;
  assert.equal(dev!.size, 2);
  assert.deepEqual(
    new Set([...train!.keys(), ...dev!.keys()]),
    new Set(whole.tasks[0]!.qrels.train!.keys()),
  );
  assert.equal(train!.size + dev!.size, 24);
  assert.deepEqual(test, whole.tasks[0]!.qrels.test);
  assert.deepEqual(holdOutDev(whole, { queries: 1 }).heldOut, { shades: 1 });
});

Deno.test("holdOutDev() keeps spellings of one question together", () => {
  const [task] = withoutDev("shades").tasks;
  for (const [id, query] of task!.queries) {
    task!.queries.set(id, { ...query, text: "Which Shade?" });
  }
  assert.throws(
    () => holdOutDev({ name: "same", tasks: [task!] }),
    /Cannot hold out .*"shades": it must have at least two different ones: got 24/,
  );
});
